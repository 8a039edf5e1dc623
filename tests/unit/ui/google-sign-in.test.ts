// The sign-in to Google Drive up to Google's own page and back: what is asked, and which answers count.

import { afterEach, expect, test, vi } from "vitest";
import { readSignInAnswer, signInAddress, signInWithGoogle } from "../../../src/ui/google-sign-in.ts";

const APP = "https://kiln.example/app/";

afterEach(() => vi.unstubAllGlobals());

/** Catches the tab that would open; gives the state that was sent. */
function catchTab(): () => string {
  const open = vi.fn((address: string) => address);
  vi.stubGlobal("open", open);
  return () => new URL(open.mock.calls.at(-1)![0]).searchParams.get("state")!;
}

function answer(message: unknown): void {
  const channel = new BroadcastChannel("kiln-sign-in");
  channel.postMessage(message);
  // Closed later: closing at once may drop what was just posted.
  setTimeout(() => channel.close(), 200);
}

test("the address asks for reading only, and names where to come back to", () => {
  const { origin, searchParams } = new URL(signInAddress("me.apps.googleusercontent.com", APP, "s1"));
  expect(origin).toBe("https://accounts.google.com");
  expect(Object.fromEntries(searchParams)).toEqual({
    client_id: "me.apps.googleusercontent.com",
    redirect_uri: APP,
    response_type: "token",
    scope: "https://www.googleapis.com/auth/drive.readonly",
    state: "s1",
  });
});

test("the app's own addresses are no answers", () => {
  for (const hash of ["", "#/models", "#/models/civitai", "#state=s1"])
    expect(readSignInAnswer(hash)).toBeUndefined();
  expect(readSignInAnswer("#state=s1&access_token=t&expires_in=3599")).toEqual({ state: "s1", token: "t" });
  expect(readSignInAnswer("#error=access_denied&state=s1")).toEqual({ state: "s1", error: "access_denied" });
});

test("only the answer to the own question counts", async () => {
  const state = catchTab();
  const token = signInWithGoogle("me", APP, new AbortController().signal);
  answer({ state: "forged", token: "evil" });
  await new Promise((resolve) => setTimeout(resolve, 50));
  answer({ state: state(), token: "good" });
  expect(await token).toBe("good");
});

test("a refusal is told, and a wait can be ended", async () => {
  const state = catchTab();
  const refused = signInWithGoogle("me", APP, new AbortController().signal);
  answer({ state: state(), error: "access_denied" });
  await expect(refused).rejects.toMatchObject({ name: "AccessDenied" });
  const waiting = new AbortController();
  const ended = signInWithGoogle("me", APP, waiting.signal);
  waiting.abort();
  await expect(ended).rejects.toMatchObject({ name: "Interrupted" });
});
