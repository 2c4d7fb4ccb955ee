/**
 * Names and order of features: `channel.statistic`, channel by channel. The same list serves training,
 * `score`, replay and the live stream; a model's manifest records it with this version.
 */
import { STATISTICS } from './moments.ts'

/** Rises whenever a feature's value could change for the same readings. */
export const FEATURES_VERSION = 1

/**
 * @param channels in the order in which windows keep them
 * @returns one name per number of a window's statistics
 */
export function featureNames(channels: readonly string[]): string[] {
  return channels.flatMap((channel) => STATISTICS.map((statistic) => `${channel}.${statistic}`))
}

/** Channel and statistic of a feature name; `null` when it is not one. A channel's name may contain dots. */
export function parseFeature(name: string): { channel: string; statistic: number } | null {
  const dot = name.lastIndexOf('.')
  const statistic = STATISTICS.indexOf(name.slice(dot + 1) as (typeof STATISTICS)[number])
  return dot < 1 || statistic < 0 ? null : { channel: name.slice(0, dot), statistic }
}

/**
 * Where each wanted feature stands in the statistics of windows with these channels.
 * @returns index per feature; -1 for a feature whose channel the windows do not have
 */
export function featureIndex(wanted: readonly string[], channels: readonly string[]): Int32Array {
  return Int32Array.from(wanted, (name) => {
    const feature = parseFeature(name)
    const channel = feature ? channels.indexOf(feature.channel) : -1
    return feature && channel >= 0 ? channel * STATISTICS.length + feature.statistic : -1
  })
}

/** Channels that a list of features needs, in order of first use. */
export function channelsOf(features: readonly string[]): string[] {
  const channels = features.map((name) => parseFeature(name)?.channel ?? name)
  return [...new Set(channels)]
}
