/**
 * The state machine of an alert: one rule on the scores of one asset. Raised after an on-delay, held by
 * hysteresis, updated when its leading channel changes, acknowledged by people, cleared after an off-delay.
 * At most one alert of a rule is open per asset.
 */
import type { Alert, AlertEvent, Command, EndedBy, Reason, Severity, Transition } from './records.ts'

/** A delay in windows in a row, or in event time. */
export type Delay = { readonly windows: number } | { readonly ms: number }

export interface AlertRule {
  readonly rule: string
  readonly above: number
  readonly clearBelow: number
  readonly onDelay: Delay
  readonly offDelay: Delay
  readonly severity: Severity
}

/** State of one rule. `since` is the end of the first window of the run of `run` windows. */
export interface AlertSlot {
  open: Alert | null
  /** Transitions of the open alert so far; part of its events' ids. */
  transitions: number
  run: number
  since: number
  /** `raisedAt` of the last alert; -Infinity before the first. */
  raisedAt: number
}

export type AlertSlots = AlertSlot[]

/** A transition to publish, with the alert as it stands after it. */
export interface AlertChange {
  readonly transition: Transition
  readonly event: AlertEvent
  readonly alert: Alert
}

/** A scored window as a rule sees it. */
export interface ScoredWindow {
  readonly asset: string
  readonly pipeline: string
  readonly windowEnd: number
  readonly score: number
  /** Worked out only when an alert needs it. */
  reasons(): Reason[]
}

export function makeAlertSlots(rules: number): AlertSlots {
  return Array.from({ length: rules }, () => ({
    open: null,
    transitions: 0,
    run: 0,
    since: 0,
    raisedAt: Number.NEGATIVE_INFINITY,
  }))
}

/** Moves a rule by a scored window. */
export function judge(rule: AlertRule, slot: AlertSlot, window: ScoredWindow): AlertChange | null {
  if (slot.open === null) {
    if (!held(slot, window, window.score > rule.above, rule.onDelay)) return null
    return raise(rule, slot, window)
  }
  if (held(slot, window, window.score < rule.clearBelow, rule.offDelay)) return clear(slot, window)
  return update(slot, window)
}

/** Counts windows in a row for which the condition holds; true once the delay is over. */
function held(slot: AlertSlot, window: ScoredWindow, holds: boolean, delay: Delay): boolean {
  if (!holds) {
    slot.run = 0
    return false
  }
  slot.run++
  if (slot.run === 1) slot.since = window.windowEnd
  return 'windows' in delay ? slot.run >= delay.windows : window.windowEnd - slot.since >= delay.ms
}

function raise(
  rule: Pick<AlertRule, 'rule' | 'severity'>,
  slot: AlertSlot,
  window: ScoredWindow,
): AlertChange {
  const { asset, pipeline, windowEnd, score } = window
  slot.run = 0
  slot.transitions = 0
  // Windows of a count may end at one time, or a little earlier than the one before; an alert's id stays its own.
  const raisedAt = Math.max(windowEnd, slot.raisedAt + 1)
  slot.raisedAt = raisedAt
  const alert: Alert = {
    alert: `${asset}:${rule.rule}:${raisedAt}`,
    asset,
    pipeline,
    rule: rule.rule,
    state: 'active',
    severity: rule.severity,
    score,
    raisedAt,
    updatedAt: raisedAt,
    windowEnd,
    reasons: window.reasons(),
  }
  return change(slot, 'raised', alert, raisedAt)
}

/** People hear of an open alert again only when its severity or its leading channel changes. */
function update(slot: AlertSlot, window: ScoredWindow): AlertChange | null {
  const open = slot.open!
  const reasons = window.reasons()
  // A window without values has no leading channel; that is no news of the alert.
  if (reasons.length === 0 || reasons[0]!.channel === open.reasons[0]?.channel) return null
  const { windowEnd, score } = window
  return change(slot, 'updated', { ...open, score, updatedAt: windowEnd, windowEnd, reasons }, windowEnd)
}

function clear(slot: AlertSlot, window: ScoredWindow): AlertChange {
  const { windowEnd, score } = window
  const alert: Alert = { ...slot.open!, state: 'closed', score, updatedAt: windowEnd, windowEnd }
  slot.run = 0
  const cleared = change(slot, 'cleared', alert, windowEnd)
  slot.open = null
  return cleared
}

/**
 * Raises what no score raises.
 * @returns null when it is open already
 */
export function raiseSilence(
  slot: AlertSlot,
  rule: Pick<AlertRule, 'rule' | 'severity'>,
  window: ScoredWindow,
  silentSince: number | null,
): AlertChange | null {
  if (slot.open !== null) return null
  const raised = raise(rule, slot, window)
  if (silentSince !== null) raised.alert.silentSince = silentSince
  return raised
}

/** @returns null when none is open */
export function clearSilence(slot: AlertSlot, at: number): AlertChange | null {
  if (slot.open === null) return null
  const { asset, pipeline, score, updatedAt } = slot.open
  return clear(slot, { asset, pipeline, score, windowEnd: Math.max(at, updatedAt), reasons: () => [] })
}

/**
 * A person has seen the alert.
 * @returns null when it is not open, or was acknowledged before: asking twice changes nothing
 */
export function acknowledge(slots: AlertSlots, command: Command): AlertChange | null {
  const slot = slots.find(({ open }) => open !== null && open.alert === command.alert)
  if (slot?.open?.state !== 'active') return null
  const alert: Alert = { ...slot.open, state: 'acknowledged', updatedAt: command.at, by: command.by }
  if (command.comment !== undefined) alert.comment = command.comment
  return change(slot, 'acknowledged', alert, command.at)
}

/** Why and when alerts end that nobody cleared. */
export interface Ending {
  /** Epoch ms by the log. */
  readonly at: number
  readonly because: EndedBy
  /** Who asked for it, and what they said. */
  readonly by?: string
  readonly comment?: string
}

/**
 * Ends an open alert whose condition nobody will look at any more.
 * @returns null when none is open
 */
export function endAlert(slot: AlertSlot, { at, because, by, comment }: Ending): AlertChange | null {
  if (slot.open === null) return null
  const updatedAt = Math.max(at, slot.open.updatedAt)
  const alert: Alert = { ...slot.open, state: 'closed', updatedAt, closedBecause: because }
  if (by !== undefined) alert.by = by
  if (comment !== undefined) alert.comment = comment
  slot.run = 0
  const ended = change(slot, 'closed', alert, updatedAt)
  slot.open = null
  return ended
}

function change(slot: AlertSlot, transition: Transition, alert: Alert, at: number): AlertChange {
  slot.open = alert
  slot.transitions++
  const event: AlertEvent = {
    specversion: '1.0',
    id: `${alert.alert}:${slot.transitions}`,
    source: `forewarn/${alert.pipeline}`,
    type: `forewarn.alert.${transition}`,
    subject: alert.asset,
    time: new Date(at).toISOString(),
    datacontenttype: 'application/json',
    data: alert,
  }
  return { transition, event, alert }
}
