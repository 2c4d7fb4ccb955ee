/**
 * Why a score is what it is: the share of each feature in it, as the score publishes them and as an alert's reasons
 * say them. Where the shares come from is the model's affair (`ports.ts`, `Scorer.explain`); one shape for all kinds.
 */
import type { Contribution, Reason } from './records.ts'

/** One feature of a model by its parts: `vibration.rms` → vibration, rms. */
export interface ExplainedFeature {
  readonly channel: string
  readonly feature: string
}

/** A scored window explained. */
export interface Explanation {
  readonly features: readonly ExplainedFeature[]
  /** What each feature was; NaN = missing. */
  readonly values: Float64Array
  /** Signed share of each feature; they add up to 1, or are all 0 where there is nothing to explain. */
  readonly shares: Float64Array
}

/** Most contributions in one score; the rest of them is told as a sum. */
export const MOST_CONTRIBUTIONS = 32

/** Most reasons in one alert. */
export const MOST_REASONS = 5

/** A feature that has no dot in its name stands for itself. */
export function explainedFeatures(names: readonly string[]): ExplainedFeature[] {
  return names.map((name) => {
    const dot = name.lastIndexOf('.')
    return dot < 1
      ? { channel: name, feature: 'value' }
      : { channel: name.slice(0, dot), feature: name.slice(dot + 1) }
  })
}

export interface Contributions {
  /** By weight, heaviest first; what is 0 to four decimals is left out. */
  readonly listed: Contribution[]
  /** Sum of what more than `MOST_CONTRIBUTIONS` leave out; null when nothing is left out. */
  readonly rest: number | null
}

export function contributionsOf({ features, shares }: Explanation): Contributions {
  const all = features.flatMap(({ channel, feature }, i) => {
    const share = fourDecimals(shares[i]!)
    return share === 0 ? [] : [{ channel, feature, share }]
  })
  all.sort((a, b) => Math.abs(b.share) - Math.abs(a.share))
  const listed = all.slice(0, MOST_CONTRIBUTIONS)
  if (listed.length === all.length) return { listed, rest: null }
  return { listed, rest: fourDecimals(all.slice(listed.length).reduce((sum, { share }) => sum + share, 0)) }
}

/** A channel's features put together. */
interface ChannelShare {
  share: number
  /** Index of the feature that adds most, of those that have a value; -1 = none has. */
  leading: number
}

/**
 * The channels that raise the score, the leading one first. A channel's share is that in all that raise it; it is told
 * by its feature that adds most.
 * @param normalOf what the asset normally shows; null = not known
 */
export function reasonsOf(
  { features, values, shares }: Explanation,
  normalOf: (channel: string, feature: string) => number | null,
): Reason[] {
  const channels = new Map<string, ChannelShare>()
  features.forEach(({ channel }, i) => {
    const sum = channels.get(channel) ?? { share: 0, leading: -1 }
    sum.share += shares[i]!
    if (!Number.isNaN(values[i]!) && (sum.leading < 0 || shares[i]! > shares[sum.leading]!)) sum.leading = i
    channels.set(channel, sum)
  })
  const raising = [...channels.values()].filter(({ share, leading }) => share > 0 && leading >= 0)
  const total = raising.reduce((sum, { share }) => sum + share, 0)
  raising.sort((a, b) => b.share - a.share)
  return raising.slice(0, MOST_REASONS).map(({ share, leading }) => {
    const { channel, feature } = features[leading]!
    const normal = normalOf(channel, feature)
    return {
      channel,
      feature,
      value: sixDigits(values[leading]!),
      normal: normal === null ? null : sixDigits(normal),
      share: fourDecimals(share / total),
    }
  })
}

function fourDecimals(share: number): number {
  // Not -0: it would be told as 0 in one place and be unequal to it in another.
  return Math.round(share * 1e4) / 1e4 + 0
}

/** Significant digits enough for people; fewer bytes in every alert. */
function sixDigits(value: number): number {
  return Number(value.toPrecision(6))
}
