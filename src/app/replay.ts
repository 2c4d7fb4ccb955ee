/** Replay of dead letters put together: the settings' format and pipelines around `ingest/replay.ts`. */
import type { Settings } from '../config/settings.ts'
import type { DeadLetter } from '../core/dead-letter-view.ts'
import type { EventLog } from '../core/ports.ts'
import { makeJsonFormat } from '../formats/json.ts'
import {
  type Replayed,
  type ReplayParts,
  type ReplayRequest,
  replayDeadLetters,
  sendAgain,
} from '../ingest/replay.ts'
import { makeSensorTopic } from '../ingest/topic.ts'
import { assignedBy } from './ingest.ts'

export { LISTED_REFUSALS, type Replayed } from '../ingest/replay.ts'

function partsOf(settings: Settings): Omit<ReplayParts, 'log'> {
  return {
    topics: settings.log.topics,
    group: settings.log.group,
    format: makeJsonFormat(settings.limits),
    assigned: assignedBy(settings),
    assetOf: makeSensorTopic(settings.mqtt.topic).asset,
  }
}

/** @returns does one step of a replay; see `replayDeadLetters` */
export function replayerOf(settings: Settings, log: EventLog): (request: ReplayRequest) => Promise<Replayed> {
  const parts = { ...partsOf(settings), log }
  return (request) => replayDeadLetters(parts, request)
}

/** What a replay would do with a dead letter now, in words. */
export function replayForetold(settings: Settings, letter: DeadLetter): string {
  const again = sendAgain(partsOf(settings), letter)
  if ('refused' in again) return `would be refused: ${again.refused}`
  const [first, ...others] = new Set(again.records.slice(0, again.readings).map(({ key }) => key))
  const more = others.length === 0 ? '' : ` and ${others.length} other assets`
  return `would send ${again.readings} ${again.readings === 1 ? 'reading' : 'readings'} of ${first}${more}`
}
