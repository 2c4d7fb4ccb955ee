/**
 * `POST /api/v1/dead-letters/replay`: dead letters sent again after a fix, for who can't open the log because this
 * program owns it. One request is one step; `next` of its answer is the cursor of the following one.
 */
import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import { parsePlace, placeText } from '../core/dead-letter-view.ts'
import { parseTime } from '../core/time.ts'
import { DEAD_LETTER_REASONS } from '../core/topics.ts'
import type { ApiDeps } from './deps.ts'
import { LISTED_REJECTIONS, REPLAY_STEP_LETTERS } from './limits.ts'
import { httpError, problems } from './problem.ts'

const PLACE = '^[0-9]{1,5}:[0-9]{1,16}$'
const Time = (description: string) =>
  Type.Optional(Type.Union([Type.Integer(), Type.String()], { description }))

const Choice = Type.Object(
  {
    reasons: Type.Optional(
      Type.Array(Type.Enum([...DEAD_LETTER_REASONS]), { minItems: 1, maxItems: DEAD_LETTER_REASONS.length }),
    ),
    asset: Type.Optional(
      Type.String({ minLength: 1, maxLength: 256, description: 'Asset id, or a pattern such as pump-*' }),
    ),
    from: Time('Received at this time or later: epoch ms, or RFC 3339 text'),
    to: Time('Received before this time'),
    letters: Type.Optional(
      Type.Array(Type.String({ pattern: PLACE }), {
        minItems: 1,
        maxItems: 1000,
        description: 'Only these, each as PARTITION:OFFSET',
      }),
    ),
    cursor: Type.Optional(Type.String({ pattern: PLACE, description: '`next` of the answer before' })),
  },
  { additionalProperties: false, $id: 'DeadLetterChoice' },
)

const Replay = Type.Object(
  {
    id: Type.String(),
    sent: Type.Integer({ description: 'Dead letters whose readings are in the log now' }),
    readings: Type.Integer({ description: 'Readings that were in them' }),
    rejected: Type.Integer({ description: 'Elements of arrays that became dead letters of their own' }),
    already: Type.Integer({ description: 'Chosen, but sent before: nothing was sent twice' }),
    refused: Type.Integer({ description: 'Chosen, but no readings today either' }),
    errors: Type.Array(Type.Object({ where: Type.String(), detail: Type.String() }), {
      description: `Why; the first ${LISTED_REJECTIONS}`,
    }),
    next: Type.Union([Type.String(), Type.Null()], { description: 'Cursor to go on with; null = done' }),
  },
  { $id: 'Replay' },
)

const schema = {
  summary: 'Send dead letters again',
  description:
    'Each goes through the format and the config of now. What is a reading is in the log, durable, when 202 is answered, and is marked in the same commit: a letter is sent once, however often it is asked for. Truncated ones are refused.',
  tags: ['readings'],
  body: Choice,
  response: { 202: Replay, ...problems(409, 413, 415, 503) },
}

export const REPLAY_PATH = '/api/v1/dead-letters/replay'

export function serveDeadLetters(app: FastifyInstance, api: ApiDeps): void {
  for (const shared of [Choice, Replay]) app.addSchema(shared)
  app.post<{ Body: Static<typeof Choice> }>(REPLAY_PATH, { schema }, async (request, reply) => {
    const { reasons, asset, from, to, letters, cursor } = request.body
    const choice = {
      ...(reasons && { reasons }),
      ...(asset !== undefined && { asset }),
      ...(from !== undefined && { fromMs: timeOf('from', from) }),
      ...(to !== undefined && { toMs: timeOf('to', to) }),
      ...(letters && { places: letters }),
    }
    const { refusals, next, ...counts } = await api.replayDeadLetters({
      choice,
      cursor: cursor === undefined ? null : parsePlace(cursor),
      most: REPLAY_STEP_LETTERS,
    })
    const errors = refusals.slice(0, LISTED_REJECTIONS)
    const answer: Static<typeof Replay> = {
      id: randomUUID(),
      ...counts,
      errors: errors.map(({ letter, detail }) => ({ where: letter, detail })),
      next: next === null ? null : placeText(next),
    }
    reply.code(202)
    return answer
  })
}

function timeOf(name: string, value: number | string): number {
  const time = parseTime(value)
  if (time !== null) return time
  throw httpError(400, `body/${name}: expected epoch milliseconds or RFC 3339 text with a zone`)
}
