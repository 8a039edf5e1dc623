// Signing in to Google Drive with the user's own OAuth client: the address to open, and the answer that comes back to the
// app's own address in a second tab. Keeps no token.

import { AppError } from "../protocol/app-error.ts";

const AUTHORISE = "https://accounts.google.com/o/oauth2/v2/auth";
const SCOPE = "https://www.googleapis.com/auth/drive.readonly";
const CHANNEL = "kiln-sign-in";
// A person may have to find a password first; after that nobody comes back.
const MAX_WAIT_MS = 10 * 60_000;

export interface SignInAnswer {
  /** Proves that the answer belongs to the request that this app made. */
  readonly state: string;
  readonly token?: string;
  readonly error?: string;
}

/** `redirect` must be listed among the client's redirect addresses at Google. */
export function signInAddress(clientId: string, redirect: string, state: string): string {
  const query = { client_id: clientId, redirect_uri: redirect, response_type: "token", scope: SCOPE, state };
  return `${AUTHORISE}?${new URLSearchParams(query)}`;
}

/** What Google wrote behind the `#` of the app's address; undefined when it is one of the app's own. */
export function readSignInAnswer(hash: string): SignInAnswer | undefined {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  const state = fields.get("state");
  const [token, error] = [fields.get("access_token"), fields.get("error")];
  if (!state || (!token && !error)) return undefined;
  return { state, ...(token && { token }), ...(error && { error }) };
}

/** For the page that Google came back to: hands its answer to the tab that asked. False when this is an ordinary start. */
export function handOverSignIn(): boolean {
  const answer = readSignInAnswer(location.hash);
  if (!answer) return false;
  // The token must not stay in the history.
  history.replaceState(null, "", location.pathname);
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(answer);
  channel.close();
  close();
  return true;
}

/**
 * Opens Google's page and waits for its answer. Must be called in a click.
 * @throws AppError AccessDenied when it was declined, Interrupted when `signal` or the time ended the wait.
 */
export function signInWithGoogle(clientId: string, redirect: string, signal: AbortSignal): Promise<string> {
  const state = crypto.randomUUID();
  open(signInAddress(clientId, redirect, state), "_blank", "noreferrer");
  const channel = new BroadcastChannel(CHANNEL);
  const end = AbortSignal.any([signal, AbortSignal.timeout(MAX_WAIT_MS)]);
  return new Promise<string>((resolve, reject) => {
    channel.onmessage = ({ data }: MessageEvent<SignInAnswer>) => {
      if (data.state !== state) return; // another tab's, or forged
      if (data.token) resolve(data.token);
      else
        reject(
          new AppError("AccessDenied", `Google did not sign you in: ${data.error}. Check the client id.`, {
            where: "Google Drive",
            expected: "an access token",
            got: data.error ?? "no answer",
          }),
        );
    };
    end.addEventListener("abort", () =>
      reject(
        new AppError("Interrupted", "The sign-in was not finished. Try again.", { where: "Google Drive" }),
      ),
    );
  }).finally(() => channel.close());
}
