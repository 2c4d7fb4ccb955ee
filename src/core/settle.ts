/**
 * A closed window with the net's verdict → the score that is published and the alerts that it moves.
 * Called in log order; what it changes in the asset's state decides the windows behind it.
 */
import { type AlertChange, clearSilence, judge, raiseSilence } from './alert.ts'
import { contributionsOf, type Explanation, reasonsOf } from './contributions.ts'
import { isLearned, learnNormal, normalScore, normalValue, reasonsFor } from './normal.ts'
import type { ClosedWindow } from './open-window.ts'
import type { PipelineRules } from './partition.ts'
import type { Reason, Score } from './records.ts'
import { NO_DATA, type SilenceChange } from './silence.ts'

/** Windows that score at least this do not teach what is normal. */
const QUIET_BELOW = 0.5

export interface Settled {
  readonly score: Score
  readonly changes: readonly AlertChange[]
}

/**
 * @param risk the model's score; `null` = score by the asset's own normal
 * @param explanation why, where the model told
 */
export function settleWindow(
  rules: PipelineRules,
  window: ClosedWindow,
  risk: number | null,
  explanation: Explanation | null = null,
): Settled {
  const { state, statistics } = window
  const learning = risk === null && !isLearned(state.normal)
  const value = sixDecimals(risk ?? normalScore(state.normal, statistics))
  let reasons: Reason[] | null = null
  const scored = {
    asset: state.asset,
    pipeline: rules.name,
    windowEnd: window.end,
    score: value,
    reasons: () => {
      reasons ??= reasonsOfWindow(rules, window, explanation)
      return reasons
    },
  }
  const changes: AlertChange[] = []
  rules.alerts.forEach((rule, i) => {
    const change = judge(rule, state.alerts[i]!, scored)
    if (change) changes.push(change)
  })
  if (value < QUIET_BELOW && state.alerts.every(({ open }) => open === null)) {
    learnNormal(state.normal, statistics)
  }
  return { score: scoreRecord(rules, window, value, learning, explanation), changes }
}

/** Silence begins or ends, in log order with all else that moves alerts. */
export function settleSilence({ slot, at, raise }: SilenceChange): AlertChange | null {
  if (raise === null) return clearSilence(slot, at)
  const { asset, pipeline, severity, silentSince } = raise
  const window = { asset, pipeline, windowEnd: at, score: 0, reasons: () => [] }
  return raiseSilence(slot, { rule: NO_DATA, severity }, window, silentSince)
}

/** By the model where it told why; else the channels that moved most against the asset's own normal. */
function reasonsOfWindow(
  { explainFrom }: PipelineRules,
  { state, channels, statistics }: ClosedWindow,
  explanation: Explanation | null,
): Reason[] {
  const { normal } = state
  if (explanation !== null) {
    const told = reasonsOf(explanation, (channel, feature) =>
      normalValue(normal, channels.indexOf(channel), feature),
    )
    if (told.length > 0) return told
  } else if (explainFrom !== undefined) {
    // Too harmless to be explained: no news of an alert that is open.
    return []
  }
  return reasonsFor(normal, channels, statistics)
}

function scoreRecord(
  rules: PipelineRules,
  window: ClosedWindow,
  value: number,
  learning: boolean,
  explanation: Explanation | null,
): Score {
  return {
    asset: window.state.asset,
    pipeline: rules.name,
    windowStart: window.start,
    windowEnd: window.end,
    count: window.count,
    score: value,
    model: rules.model,
    modelVersion: rules.modelVersion,
    [rules.output]: value,
    ...(learning ? { learning } : {}),
    ...(explanation === null ? {} : whyOf(explanation)),
    closed: window.closed,
  }
}

function whyOf(explanation: Explanation): Pick<Score, 'contributions' | 'contributionsRest'> {
  const { listed, rest } = contributionsOf(explanation)
  return { contributions: listed, ...(rest === null ? {} : { contributionsRest: rest }) }
}

/** Scores are rounded before anything reads them (design 4.4). */
function sixDecimals(value: number): number {
  return Math.round(value * 1e6) / 1e6
}
