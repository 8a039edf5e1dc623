// Byte-pair merging of one word. Knows ranks only: no vocabulary, no text, no CLIP.

/** Rank of merging two neighbouring pieces; undefined when they never merge. Lower merges first. */
export type MergeRank = (left: string, right: string) => number | undefined;

interface Candidate {
  readonly rank: number;
  readonly left: number;
  readonly text: string;
}

const before = (a: Candidate, b: Candidate): boolean =>
  a.rank < b.rank || (a.rank === b.rank && a.left < b.left);

/** A binary heap, so that a word of n letters costs n log n and a hostile 100,000-letter "word" stays harmless. */
function createHeap(): { push(item: Candidate): void; pop(): Candidate | undefined } {
  const items: Candidate[] = [];
  const swap = (a: number, b: number): void => {
    [items[a], items[b]] = [items[b], items[a]];
  };
  return {
    push(item) {
      let child = items.push(item) - 1;
      while (child > 0) {
        const parent = (child - 1) >> 1;
        if (!before(items[child], items[parent])) break;
        swap(child, parent);
        child = parent;
      }
    },
    pop() {
      if (items.length === 0) return undefined;
      swap(0, items.length - 1);
      const top = items.pop();
      for (let parent = 0; ;) {
        const left = 2 * parent + 1;
        if (left >= items.length) break;
        const right = left + 1;
        const child = right < items.length && before(items[right], items[left]) ? right : left;
        if (!before(items[child], items[parent])) break;
        swap(child, parent);
        parent = child;
      }
      return top;
    },
  };
}

/** Merges neighbours, lowest rank first and leftmost first among equals, until no pair has a rank. */
export function mergePieces(pieces: readonly string[], rankOf: MergeRank): string[] {
  const text: (string | undefined)[] = [...pieces];
  const previous = pieces.map((_, i) => i - 1);
  const next = pieces.map((_, i) => i + 1);
  const heap = createHeap();

  const propose = (left: number): void => {
    const right = next[left];
    const [a, b] = [text[left], text[right]];
    if (a === undefined || b === undefined) return;
    const rank = rankOf(a, b);
    if (rank !== undefined) heap.push({ rank, left, text: a + b });
  };

  for (let i = 0; i + 1 < pieces.length; i++) propose(i);
  for (let best = heap.pop(); best; best = heap.pop()) {
    const { left } = best;
    const right = next[left];
    const [a, b] = [text[left], text[right]];
    // Candidates are not withdrawn when a neighbour merges first; a stale one no longer spells the same text here, or
    // spells it from other pieces, whose rank then differs.
    if (a === undefined || b === undefined || a + b !== best.text || rankOf(a, b) !== best.rank) continue;
    text[left] = best.text;
    text[right] = undefined;
    next[left] = next[right];
    if (next[left] < pieces.length) previous[next[left]] = left;
    if (previous[left] >= 0) propose(previous[left]);
    propose(left);
  }
  return text.filter((piece) => piece !== undefined);
}
