/**
 * Which windows a late reading missed: written by the engine into a header of its dead letter, read by who counts
 * them. Of windows of a count and of sessions nobody knows after they have closed which held what; there the
 * header names the pipeline alone.
 */
import type { PipelineRules } from './partition.ts'
import { windowsAt } from './window.ts'

/** Header of dead letters with the reason `late`. */
export const LATE_WINDOWS = 'late-windows'

/** A window that was closed when a reading came for it; null: not known. */
export interface MissedWindow {
  readonly pipeline: string
  readonly start: number | null
  readonly end: number | null
}

/**
 * @param pipelines to which the reading came late
 * @returns `PIPELINE@START/END` for each window, in epoch ms, `PIPELINE@` where it is not known; parted by blanks
 */
export function missedText(ts: number, pipelines: readonly Pick<PipelineRules, 'name' | 'window'>[]): string {
  return pipelines
    .flatMap(({ name, window }) => {
      const spans = windowsAt(ts, window)
      return spans.length === 0 ? [`${name}@`] : spans.map(({ start, end }) => `${name}@${start}/${end}`)
    })
    .join(' ')
}

/** The windows that a header names; what is written otherwise is passed over. */
export function parseMissed(text: string): MissedWindow[] {
  return text.split(' ').flatMap((word) => {
    const [, pipeline, start, end] = /^([^@]+)@(?:(-?[0-9]{1,16})\/(-?[0-9]{1,16}))?$/.exec(word) ?? []
    if (pipeline === undefined) return []
    return [
      {
        pipeline,
        start: start === undefined ? null : Number(start),
        end: end === undefined ? null : Number(end),
      },
    ]
  })
}
