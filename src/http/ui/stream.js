/**
 * The live events, read with fetch: unlike EventSource it can send the token. It reconnects by itself with
 * the last id, so nothing is missed.
 */
import { ApiProblem, authorization, problemOf } from './api.js'

/** @import {AlertEvent, Score} from '../../core/records.ts' */
/** @import {Hello} from '../events.ts' */

/** @typedef {'connecting' | 'live' | 'waiting' | 'locked'} StreamState */

/**
 * @typedef {{ name: 'hello', data: Hello } | { name: 'score', data: Score } | { name: 'alert', data: AlertEvent }} LiveEvent
 */

/**
 * @typedef {object} StreamHandlers
 * @property {(event: LiveEvent) => void} onEvent
 * @property {(state: StreamState, retryAt: number | null) => void} onState `locked`: a token is needed
 */

/**
 * @typedef {object} Stream
 * @property {StreamHandlers} handlers
 * @property {string} lastId
 * @property {number} failures in a row
 * @property {(() => void) | null} wake ends the pause before the next attempt
 */

/** Without any byte for this long (heartbeats come each 15 s) the connection is taken for dead. */
const SILENCE_MS = 40_000
const FIRST_WAIT_MS = 500
const MOST_WAIT_MS = 15_000

/**
 * @param {StreamHandlers} handlers
 * @returns {{ retry: () => void }} tries at once, after the token was given
 */
export function openStream(handlers) {
  /** @type {Stream} */
  const stream = { handlers, lastId: '', failures: 0, wake: null }
  const retry = () => stream.wake?.()
  addEventListener('online', retry)
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) retry()
  })
  run(stream)
  return { retry }
}

/** @param {Stream} stream */
async function run(stream) {
  const { onState } = stream.handlers
  for (;;) {
    onState('connecting', null)
    const isLocked = await connect(stream).then(
      () => false,
      (error) => error instanceof ApiProblem && error.status === 401,
    )
    if (isLocked) {
      onState('locked', null)
      await pause(stream, null)
      continue
    }
    const backOffMs = Math.min(MOST_WAIT_MS, FIRST_WAIT_MS * 2 ** stream.failures++)
    const waitMs = backOffMs * (0.8 + 0.4 * Math.random())
    onState('waiting', Date.now() + waitMs)
    await pause(stream, waitMs)
  }
}

/**
 * @param {Stream} stream
 * @param {number | null} waitMs null: until woken
 */
function pause(stream, waitMs) {
  return new Promise((resolve) => {
    const timer = waitMs === null ? undefined : setTimeout(resolve, waitMs)
    stream.wake = () => {
      clearTimeout(timer)
      resolve(undefined)
    }
  })
}

/**
 * One connection, from its greeting to its end.
 * @param {Stream} stream
 */
async function connect(stream) {
  const abort = new AbortController()
  let silence = setTimeout(() => abort.abort(), SILENCE_MS)
  try {
    /** @type {Record<string, string>} */
    const resume = stream.lastId === '' ? {} : { 'last-event-id': stream.lastId }
    const headers = { ...authorization(), ...resume, accept: 'text/event-stream' }
    const response = await fetch('/api/v1/events', { headers, signal: abort.signal, cache: 'no-store' })
    if (!response.ok || response.body === null) throw await problemOf(response)
    const parse = makeParser((event, id, data) => take(stream, event, id, data))
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      clearTimeout(silence)
      silence = setTimeout(() => abort.abort(), SILENCE_MS)
      parse(value)
    }
  } finally {
    clearTimeout(silence)
  }
}

/**
 * @param {Stream} stream
 * @param {string} event
 * @param {string} id
 * @param {string} data
 */
function take(stream, event, id, data) {
  stream.lastId = id
  if (event === 'hello') {
    stream.failures = 0
    stream.handlers.onState('live', null)
  }
  stream.handlers.onEvent(/** @type {LiveEvent} */ ({ name: event, data: JSON.parse(data) }))
}

/**
 * Reads the lines of `text/event-stream` (WHATWG HTML, 9.2.6), for events of one line of data.
 * @param {(event: string, id: string, data: string) => void} onEvent
 * @returns {(text: string) => void}
 */
function makeParser(onEvent) {
  let rest = ''
  let event = 'message'
  let id = ''
  let data = ''
  return (text) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const at = line.indexOf(':')
      const field = at < 0 ? line : line.slice(0, at)
      const value = line.slice(at + 1).replace(/^ /, '')
      if (field === 'event') event = value
      else if (field === 'id') id = value
      else if (field === 'data') data = value
      else if (line === '') {
        if (data !== '') onEvent(event, id, data)
        event = 'message'
        data = ''
      }
    }
  }
}
