// Which conditioning serves which model evaluation of a run. Parses no prompt (prompt/prompt-schedule.ts does) and encodes none.

/** Serves evaluations numbered from where the entry before ended up to and including `until`. */
export interface Scheduled<C> {
  readonly until: number;
  readonly conditioning: C;
}

/** At least one entry, ascending. */
export type ConditioningSchedule<C> = readonly Scheduled<C>[];

/** One conditioning for the whole run. */
export function throughout<C>(conditioning: C): ConditioningSchedule<C> {
  return [{ until: Infinity, conditioning }];
}

/**
 * A1111 counts evaluations from 0 and compares them with steps that prompts count from 1, so the first entry serves one
 * evaluation more than its number says. Recipes rely on it.
 */
export function conditioningAt<C>(schedule: ConditioningSchedule<C>, evaluation: number): C {
  return (schedule.find(({ until }) => evaluation <= until) ?? schedule[schedule.length - 1]).conditioning;
}

/** The same schedule over other values, each distinct conditioning replaced once. */
export function withConditionings<A, B>(
  schedule: ConditioningSchedule<A>,
  replacements: ReadonlyMap<A, B>,
): ConditioningSchedule<B> {
  return schedule.map(({ until, conditioning }) => ({
    until,
    conditioning: replacements.get(conditioning)!,
  }));
}
