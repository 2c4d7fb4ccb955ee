/**
 * Which MQTT topics carry readings, and of which asset: `mqtt.topic` of the config, such as
 * `sensors/{asset}` or `plant/+/{asset}/data`. Shared by the embedded broker and the outside one.
 */
import { failure } from '../core/errors.ts'

export interface SensorTopic {
  /** The filter to subscribe to: `{asset}` as `+`. */
  readonly filter: string
  /** @returns the level that names the asset, null when the topic carries no readings */
  asset(topic: string): string | null
}

const ASSET = '{asset}'
/** What a topic that is published to may not hold [MQTT-3.3.2-2, MQTT-1.5.3-2]. */
const FORBIDDEN = /[+#\0]/

/** @throws Failure `config` when the pattern doesn't name the asset once, or isn't a filter */
export function makeSensorTopic(pattern: string): SensorTopic {
  const levels = pattern.split('/')
  const place = levels.indexOf(ASSET)
  const rest = levels.filter((level) => level !== ASSET)
  const odd = levels.some((level, i) => {
    if (level === '#') return i !== levels.length - 1
    return level !== ASSET && level !== '+' && /[+#{}\0]/.test(level)
  })
  if (place < 0 || rest.length !== levels.length - 1 || odd || pattern.startsWith('$')) {
    throw failure(
      'config',
      `mqtt.topic: "${pattern}" is no pattern; write ${ASSET} for the one level that names the asset, as in sensors/${ASSET}`,
    )
  }
  const filter = levels.with(place, '+').join('/')
  const plain = rest.every((level) => level !== '+' && level !== '#')
  if (plain && place === levels.length - 1) return { filter, asset: lastLevel(levels.slice(0, -1)) }
  return { filter, asset: anyLevel(levels, place) }
}

/** The usual pattern, without taking the topic apart. */
function lastLevel(before: readonly string[]): SensorTopic['asset'] {
  const prefix = before.map((level) => `${level}/`).join('')
  return (topic) => {
    if (!topic.startsWith(prefix) || topic.indexOf('/', prefix.length) >= 0) return null
    const asset = topic.slice(prefix.length)
    return FORBIDDEN.test(asset) ? null : asset
  }
}

function anyLevel(levels: readonly string[], place: number): SensorTopic['asset'] {
  const open = levels.at(-1) === '#'
  const fixed = open ? levels.slice(0, -1) : levels
  return (topic) => {
    if (FORBIDDEN.test(topic)) return null
    const given = topic.split('/')
    if (open ? given.length < fixed.length : given.length !== fixed.length) return null
    const fits = fixed.every((level, i) => level === ASSET || level === '+' || level === given[i])
    return fits ? given[place]! : null
  }
}
