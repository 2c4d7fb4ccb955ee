/** `dead-letters replay --url`: the replay as a running program does it, step by step through its API. */
import type { Replayed } from '../app/replay.ts'
import { type DeadLetterChoice, parsePlace, placeText } from '../core/dead-letter-view.ts'
import { failure, messageOf } from '../core/errors.ts'
import { toTheEnd } from './replay-steps.ts'

const PATH = '/api/v1/dead-letters/replay'
/** A step is answered within the server's own limit; this one is for a connection that died. */
const ANSWER_WITHIN_MS = 60_000

/**
 * @param url of the program, such as http://127.0.0.1:8080
 * @param token bearer; null = none is set
 * @throws failure 'unavailable' with what the program answered
 */
export function replayByHttp(url: string, token: string | null, choice: DeadLetterChoice): Promise<Replayed> {
  const address = addressOf(url)
  const { reasons, asset, fromMs, toMs, places } = choice
  const body = { reasons, asset, from: fromMs, to: toMs, letters: places }
  return toTheEnd(async (cursor) =>
    stepOf(await post(address, token, { ...body, ...(cursor && { cursor: placeText(cursor) }) })),
  )
}

function addressOf(url: string): URL {
  try {
    return new URL(PATH, url)
  } catch (error) {
    throw failure('usage', `--url ${url} is no address; write http://HOST:PORT`, error)
  }
}

async function post(address: URL, token: string | null, body: object): Promise<unknown> {
  const headers = {
    'content-type': 'application/json',
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  }
  try {
    const answer = await fetch(address, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    })
    const text = await answer.text()
    if (answer.status === 202) return JSON.parse(text)
    throw failure('unavailable', `it answered ${answer.status}: ${text.slice(0, 500)}`)
  } catch (error) {
    throw failure(
      'unavailable',
      `the replay through ${address.origin} broke off: ${messageOf(error)}. What was sent is marked; run it again`,
      error,
    )
  }
}

function stepOf(answer: unknown): Replayed {
  const fields = typeof answer === 'object' && answer !== null ? answer : {}
  const count = (name: string) => Number(Reflect.get(fields, name) ?? 0)
  const errors: unknown = Reflect.get(fields, 'errors')
  const next: unknown = Reflect.get(fields, 'next')
  return {
    sent: count('sent'),
    readings: count('readings'),
    rejected: count('rejected'),
    already: count('already'),
    refused: count('refused'),
    refusals: Array.isArray(errors)
      ? errors.map(({ where, detail }) => ({ letter: String(where), detail: String(detail) }))
      : [],
    next: typeof next === 'string' ? parsePlace(next) : null,
  }
}
