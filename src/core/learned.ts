/**
 * The score of a window whose pipeline has no model, by what its asset has learned of itself: 0.5 at the asset's own
 * limit, 0.8 at three and a half times the limit, 0 while it is being learned and while the machine stands still.
 */
import type { AssetState } from './asset.ts'
import {
  BASELINE_CHANNELS,
  type Baseline,
  isLearned,
  LEARNED,
  type LearnRule,
  learnedFeatures,
  makeBaseline,
} from './baseline.ts'
import type { Explanation } from './contributions.ts'
import type { ClosedWindow } from './open-window.ts'
import { teachQuietly } from './quiet.ts'
import { judgeWindow, sharesOf, type Verdict } from './verdict.ts'

/** The score is r^e / (1 + r^e) with r the statistic over its limit: three and a half times the limit makes 0.8. */
const SCORE_EXPONENT = Math.log(4) / Math.log(3.5)

export interface LearnedScore {
  readonly score: number
  /** Share of the learning period that is over. */
  readonly learned: number
  readonly resting: boolean
  readonly verdict: Verdict
}

export function scoreByBaseline(
  { state, channels, statistics }: ClosedWindow,
  rule: LearnRule,
): LearnedScore {
  const baseline = baselineFor(state, channels)
  const vector = learnedFeatures(baseline, statistics)
  const verdict = judgeWindow(baseline, vector, rule, state.sisters)
  return {
    score: verdict.ratio === 0 ? 0 : 1 / (1 + verdict.ratio ** -SCORE_EXPONENT),
    learned: Math.min(1, baseline.windows / rule.windows),
    resting: verdict.resting && isLearned(baseline, rule),
    verdict,
  }
}

/** Teaches what may teach, once the window's alerts have moved. */
export function teachBaseline(
  { state }: ClosedWindow,
  { verdict }: LearnedScore,
  alertOpen: boolean,
  rule: LearnRule,
): void {
  if (state.baseline) teachQuietly(state.baseline, verdict, alertOpen, rule, state.sisters)
}

/** Why: shares in the statistic that rules the score, and what each feature is in the nearest known state. */
export function explainByBaseline(
  { state }: ClosedWindow,
  { verdict }: LearnedScore,
): { readonly explanation: Explanation; normalOf(channel: string, feature: string): number | null } | null {
  const { baseline } = state
  if (baseline === null || verdict.judged === null) return null
  const { known } = verdict
  const features = featuresOf(baseline)
  return {
    explanation: {
      features,
      // As the window's statistics are, not as they were learned.
      values: verdict.vector.map((value, i) => (isUnrest(i) ? value * value : value)),
      shares: sharesOf(baseline, verdict),
    },
    normalOf(channel, feature) {
      const at = features.findIndex((known) => known.channel === channel && known.feature === feature)
      const normal = isUnrest(at) ? known[at]! ** 2 : known[at]!
      return Number.isFinite(normal) ? normal : null
    },
  }
}

function featuresOf({ channels }: Baseline): Explanation['features'] {
  return channels.flatMap((channel) => LEARNED.map((feature) => ({ channel, feature })))
}

/** A channel that comes later begins the learning period anew: its part in the whole is not known. */
function baselineFor(state: AssetState, channels: readonly string[]): Baseline {
  const { baseline } = state
  if (baseline && baseline.channels.length >= Math.min(channels.length, BASELINE_CHANNELS)) return baseline
  if (baseline) state.sisters.leave(baseline)
  state.baseline = makeBaseline(channels)
  return state.baseline
}

function isUnrest(at: number): boolean {
  return at % LEARNED.length === 1
}
