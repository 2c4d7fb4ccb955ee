/**
 * How the machines of a small plant keep time: most well, one late, one twice, one silent for long, one by a clock that
 * is wrong. What the field brings, drawn by the seeds of the simulation.
 */
import type { Random } from '../../simulators/random.ts'

export const HABITS = [
  'steady',
  'late',
  'twice',
  'silent',
  'ahead',
  'behind',
  'jumping',
  'seconds',
  'microseconds',
] as const
export type Habit = (typeof HABITS)[number]

const HOUR_MS = 3_600_000

/**
 * Every second machine is steady, so that there is something that the others may not disturb.
 * @param isWatched silence is an alert: then more are silent
 */
export function drawHabit(random: Random, isWatched: boolean): Habit {
  if (isWatched && random.below(4) === 0) return 'silent'
  return random.below(2) === 0 ? 'steady' : HABITS[random.below(HABITS.length)]!
}

/** What a machine with this habit writes as the time of a reading. */
export function habitualTs(habit: Habit, nowMs: number, random: Random): number {
  if (habit === 'late') return nowMs - random.below(12_000)
  if (habit === 'ahead') return nowMs + HOUR_MS
  if (habit === 'behind') return nowMs - HOUR_MS
  if (habit === 'jumping') return nowMs - (random.below(10) === 0 ? 30_000 : 0)
  if (habit === 'seconds') return Math.floor(nowMs / 1000)
  // Not even the calendar goes that far: no reading at all, and so a dead letter.
  return habit === 'microseconds' ? nowMs * 1000 : nowMs
}

/** How often a reading is written: silent machines speak in one stretch of time out of four. */
export function habitualCopies(habit: Habit, nowMs: number, random: Random): number {
  if (habit === 'silent') return Math.floor(nowMs / 8000) % 4 === 0 ? 1 : 0
  return habit === 'twice' && random.below(2) === 0 ? 2 : 1
}
