/** The section `window` of a pipeline → the rule of its windows; contradictions between its keys. */

import { durationMs } from '../core/units.ts'
import type { CountRule, SessionRule, TimeRule, WindowRule } from '../core/window.ts'
import type { ConfigFile } from './schema.ts'

type WindowFile = ConfigFile['pipelines'][number]['window']

const DEFAULT_SIZE = '30s'
const DEFAULT_SESSION_MAX = '24h'
/** How long a pause between counted readings may be: nothing else in the config tells how often they come. */
const DEFAULT_COUNT_IDLE = '5m'

/** @param window checked: see `windowFindings` */
export function resolveWindow(window: WindowFile): WindowRule {
  if (window.count !== undefined) return countRule(window, window.count)
  if (window.session !== undefined) return sessionRule(window, window.session)
  return timeRule(window)
}

function timeRule({ size = DEFAULT_SIZE, hop = size, lateness, idle }: WindowFile): TimeRule {
  const sizeMs = durationMs(size)
  const hopMs = durationMs(String(hop))
  return { sizeMs, hopMs, ...patience(lateness, idle, sizeMs) }
}

function countRule({ hop, lateness, idle = DEFAULT_COUNT_IDLE }: WindowFile, count: number): CountRule {
  return {
    count,
    hop: hop === undefined ? count : Number(hop),
    latenessMs: durationMs(lateness),
    idleMs: durationMs(idle),
  }
}

function sessionRule(
  { max = DEFAULT_SESSION_MAX, lateness, idle }: WindowFile,
  session: string,
): SessionRule {
  const gapMs = durationMs(session)
  return { gapMs, maxMs: durationMs(max), ...patience(lateness, idle, gapMs) }
}

/** @param lengthMs the least time that a window is open */
function patience(lateness: string, idle: string | undefined, lengthMs: number) {
  const latenessMs = durationMs(lateness)
  const idleMs = idle === undefined ? Math.max(2 * lengthMs, lengthMs + latenessMs) : durationMs(idle)
  return { latenessMs, idleMs }
}

/** @param at place of the section in the file, such as `pipelines.0.window` */
export function windowFindings(window: WindowFile, at: string): string[] {
  const kinds = (['size', 'count', 'session'] as const).filter((key) => window[key] !== undefined)
  if (kinds.length > 1) {
    return [`${at}: ${kinds.join(' and ')} can't go together; a window has one of size, count and session`]
  }
  const [kind = 'size'] = kinds
  const misplaced = [
    ...(kind === 'session' && window.hop !== undefined ? [`${at}.hop: a session has none`] : []),
    ...(kind !== 'session' && window.max !== undefined ? [`${at}.max: only a session has one`] : []),
    ...hopFindings(kind, window, at),
  ]
  return misplaced.length > 0 ? misplaced : ruleFindings(resolveWindow(window), window, at)
}

function hopFindings(kind: string, { hop }: WindowFile, at: string): string[] {
  if (kind === 'size' && typeof hop === 'number') {
    return [`${at}.hop: ${hop} is wrong; with size it is a duration such as 10s`]
  }
  if (kind === 'count' && typeof hop === 'string') {
    return [`${at}.hop: ${hop} is wrong; with count it is a number of readings`]
  }
  return []
}

function ruleFindings(rule: WindowRule, window: WindowFile, at: string): string[] {
  if ('count' in rule) return countFindings(rule, window, at)
  if ('gapMs' in rule) return sessionFindings(rule, window, at)
  return timeFindings(rule, window, at)
}

function timeFindings(rule: TimeRule, { size, hop, idle }: WindowFile, at: string): string[] {
  const { sizeMs, hopMs, latenessMs, idleMs } = rule
  const found: string[] = []
  if (sizeMs <= 0) found.push(`${at}.size: ${size} is wrong; a window is at least 1ms long`)
  if (hopMs <= 0 || hopMs > sizeMs) {
    found.push(`${at}.hop: ${hop} is wrong; expected more than 0 and at most size (${size ?? DEFAULT_SIZE})`)
  }
  if (idleMs < sizeMs + latenessMs) {
    found.push(`${at}.idle: ${idle} is wrong; expected at least size + lateness (${sizeMs + latenessMs}ms)`)
  }
  return found
}

function countFindings({ count, hop, latenessMs, idleMs }: CountRule, { idle }: WindowFile, at: string) {
  const found: string[] = []
  if (hop > count) found.push(`${at}.hop: ${hop} is wrong; expected at most count (${count})`)
  if (idleMs < latenessMs) {
    found.push(
      `${at}.idle: ${idle ?? DEFAULT_COUNT_IDLE} is wrong; expected at least lateness (${latenessMs}ms)`,
    )
  }
  return found
}

function sessionFindings(rule: SessionRule, { session, max, idle }: WindowFile, at: string): string[] {
  const { gapMs, maxMs, latenessMs, idleMs } = rule
  const found: string[] = []
  if (gapMs <= 0) found.push(`${at}.session: ${session} is wrong; a pause is at least 1ms long`)
  if (maxMs < gapMs) {
    found.push(`${at}.max: ${max ?? DEFAULT_SESSION_MAX} is wrong; expected at least session (${session})`)
  }
  if (idleMs < gapMs + latenessMs) {
    found.push(`${at}.idle: ${idle} is wrong; expected at least session + lateness (${gapMs + latenessMs}ms)`)
  }
  return found
}
