/**
 * A closed window with the net's verdict → the score that is published and the alerts that it moves.
 * Called in log order; what it changes in the asset's state decides the windows behind it.
 */
import { type AlertChange, clearSilence, judge, raiseSilence } from './alert.ts'
import { contributionsOf, type Explanation, reasonsOf } from './contributions.ts'
import { explainByBaseline, type LearnedScore, scoreByBaseline, teachBaseline } from './learned.ts'
import { learnNormal, normalValue, reasonsFor } from './normal.ts'
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
 * @param risk the model's score; `null` = score by what the asset has learned of itself
 * @param explanation why, where the model told
 */
export function settleWindow(
  rules: PipelineRules,
  window: ClosedWindow,
  risk: number | null,
  explanation: Explanation | null = null,
): Settled {
  const { state, statistics } = window
  const learned = risk === null ? scoreByBaseline(window, rules.learn) : null
  const value = sixDecimals(risk ?? learned?.score ?? 0)
  const why = learned === null ? byModel(window, explanation) : byBaseline(rules, window, learned, value)
  let reasons: Reason[] | null = null
  const scored = {
    asset: state.asset,
    pipeline: rules.name,
    windowEnd: window.end,
    score: value,
    reasons: () => {
      reasons ??= reasonsOfWindow(rules, window, why)
      return reasons
    },
  }
  const changes: AlertChange[] = []
  rules.alerts.forEach((rule, i) => {
    const change = judge(rule, state.alerts[i]!, scored)
    if (change) changes.push(change)
  })
  const alertOpen = state.alerts.some(({ open }) => open !== null)
  if (value < QUIET_BELOW && !alertOpen) learnNormal(state.normal, statistics)
  // The share of the learning period is told as it was when the window was judged.
  const score = scoreRecord(rules, window, value, learned, why)
  if (learned) teachBaseline(window, learned, alertOpen, rules.learn)
  return { score, changes }
}

/** Why a score is what it is, and what the asset normally shows. */
interface Why {
  readonly explanation: Explanation
  normalOf(channel: string, feature: string): number | null
}

function byModel({ state, channels }: ClosedWindow, explanation: Explanation | null): Why | null {
  return (
    explanation && {
      explanation,
      normalOf: (channel, feature) => normalValue(state.normal, channels.indexOf(channel), feature),
    }
  )
}

function byBaseline(
  { explainFrom = Number.MIN_VALUE }: PipelineRules,
  window: ClosedWindow,
  learned: LearnedScore,
  value: number,
): Why | null {
  return value >= explainFrom ? explainByBaseline(window, learned) : null
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
  why: Why | null,
): Reason[] {
  if (why !== null) {
    const told = reasonsOf(why.explanation, why.normalOf)
    if (told.length > 0) return told
  } else if (explainFrom !== undefined) {
    // Too harmless to be explained: no news of an alert that is open.
    return []
  }
  return reasonsFor(state.normal, channels, statistics)
}

function scoreRecord(
  rules: PipelineRules,
  window: ClosedWindow,
  value: number,
  learned: LearnedScore | null,
  why: Why | null,
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
    ...(learned === null ? {} : progressOf(learned)),
    ...(why === null ? {} : whyOf(why.explanation)),
    closed: window.closed,
  }
}

function progressOf({ learned, resting }: LearnedScore): Pick<Score, 'learning' | 'learned' | 'resting'> {
  if (learned < 1) return { learning: true, learned: Math.floor(learned * 1000) / 1000 }
  return resting ? { resting } : {}
}

function whyOf(explanation: Explanation): Pick<Score, 'contributions' | 'contributionsRest'> {
  const { listed, rest } = contributionsOf(explanation)
  return { contributions: listed, ...(rest === null ? {} : { contributionsRest: rest }) }
}

/** Scores are rounded before anything reads them (design 4.4). */
function sixDecimals(value: number): number {
  return Math.round(value * 1e6) / 1e6
}
