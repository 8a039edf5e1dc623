// The scheduling part of A1111's prompt syntax: [from:to:when], [to:when], [from::when] and [a|b]. Attention brackets and
// everything else stay in the texts (prompt-weights.ts reads them later).

/** The prompt of steps up to and including `until` (1-based), from where the entry before ended. */
export interface ScheduledPrompt {
  readonly until: number;
  readonly prompt: string;
}

export interface ScheduleSteps {
  readonly steps: number;
  /**
   * Steps of the first pass when this is the second one of a hires run: there whole numbers go on counting from the first
   * pass and fractions run from 1 to 2.
   */
  readonly firstPassSteps?: number;
}

type Node =
  | string
  | {
      readonly type: "switch";
      readonly before: readonly Node[];
      readonly after: readonly Node[];
      readonly when: number;
    }
  | { readonly type: "alternate"; readonly options: readonly (readonly Node[])[] };

// Nobody nests schedules this deep; without a limit a hostile prompt could exhaust the stack.
const MAX_DEPTH = 50;

const NUMBER = /^\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*$/;

/** Index of the closing bracket of every opening one that has a partner. A backslash hides the character after it. */
function matchBrackets(prompt: string): Map<number, number> {
  const partners = new Map<number, number>();
  const open: number[] = [];
  for (let i = 0; i < prompt.length; i++) {
    const character = prompt[i];
    if (character === "\\") i++;
    else if (character === "(" || character === "[") open.push(i);
    else if (character === ")" || character === "]") {
      const top = open.at(-1);
      if (top === undefined || prompt[top] !== (character === ")" ? "(" : "[")) continue;
      open.pop();
      partners.set(top, i);
    }
  }
  return partners;
}

/** When a switch happens, as a whole step: a number with a dot is a fraction of the steps. */
function switchStep(text: string, { steps, firstPassSteps }: ScheduleSteps): number {
  const value = Number(text);
  const step = text.includes(".")
    ? (value - (firstPassSteps === undefined ? 0 : 1)) * steps
    : value - (firstPassSteps ?? 0);
  return Math.min(steps, Math.trunc(step));
}

function parseNodes(prompt: string, steps: ScheduleSteps): Node[] {
  const partners = matchBrackets(prompt);

  /** Places of ":" and "|" between `start` and `end` that are not inside brackets. */
  const separators = (start: number, end: number): { readonly colons: number[]; readonly bars: number[] } => {
    const found = { colons: [] as number[], bars: [] as number[] };
    for (let i = start; i < end; i++) {
      const partner = partners.get(i);
      if (partner !== undefined) i = partner;
      else if (prompt[i] === "\\") i++;
      else if (prompt[i] === ":") found.colons.push(i);
      else if (prompt[i] === "|") found.bars.push(i);
    }
    return found;
  };

  /** What the square brackets around start..end mean; undefined when they are only attention. */
  const bracketNode = (start: number, end: number, depth: number): Node | undefined => {
    if (depth > MAX_DEPTH) return undefined;
    const { colons, bars } = separators(start, end);
    const when = colons.length > 0 && NUMBER.exec(prompt.slice(colons[colons.length - 1] + 1, end));
    if (when && colons.length <= 2) {
      const [first, second = first] = colons;
      return {
        type: "switch",
        before: colons.length === 2 ? parseRange(start, first, depth) : [],
        after: parseRange(colons.length === 2 ? first + 1 : start, second, depth),
        when: switchStep(when[1], steps),
      };
    }
    if (bars.length > 0 && colons.length === 0) {
      const starts = [start, ...bars.map((bar) => bar + 1)];
      return { type: "alternate", options: starts.map((from, i) => parseRange(from, bars[i] ?? end, depth)) };
    }
    return undefined;
  };

  const parseRange = (start: number, end: number, depth: number): Node[] => {
    const nodes: Node[] = [];
    let textStart = start;
    for (let i = start; i < end; i++) {
      if (prompt[i] === "\\") i++;
      const partner = prompt[i] === "[" ? partners.get(i) : undefined;
      if (partner === undefined) continue;
      const node = bracketNode(i + 1, partner, depth + 1);
      if (node === undefined) continue; // attention: its brackets are text, its contents are looked through
      nodes.push(prompt.slice(textStart, i), node);
      textStart = partner + 1;
      i = partner;
    }
    nodes.push(prompt.slice(textStart, end));
    return nodes;
  };

  return parseRange(0, prompt.length, 0);
}

function collectSteps(nodes: readonly Node[], steps: number, into: Set<number>): void {
  for (const node of nodes) {
    if (typeof node === "string") continue;
    if (node.type === "alternate") {
      for (let step = 1; step <= steps; step++) into.add(step);
      for (const option of node.options) collectSteps(option, steps, into);
    } else {
      if (node.when >= 1) into.add(node.when);
      collectSteps(node.before, steps, into);
      collectSteps(node.after, steps, into);
    }
  }
}

function textAt(nodes: readonly Node[], step: number): string {
  const parts = nodes.map((node) => {
    if (typeof node === "string") return node;
    if (node.type === "switch") return textAt(step <= node.when ? node.before : node.after, step);
    return textAt(node.options[(step - 1) % node.options.length], step);
  });
  return parts.join("");
}

/** At least one entry, in order, the last one until the last step. Never fails: what is no schedule stays as it is. */
export function parsePromptSchedule(prompt: string, steps: ScheduleSteps): ScheduledPrompt[] {
  const nodes = parseNodes(prompt, steps);
  const boundaries = new Set([steps.steps]);
  collectSteps(nodes, steps.steps, boundaries);
  return [...boundaries].sort((a, b) => a - b).map((until) => ({ until, prompt: textAt(nodes, until) }));
}
