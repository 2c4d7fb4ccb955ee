/**
 * Every error of the API as RFC 9457 problem+json: what, where, what would be right; never a stack. What
 * we did not expect is logged with the request's id, and the answer tells only that id.
 */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type, { type Static } from 'typebox'
import { ERROR_CODES, isFailure } from '../core/errors.ts'
import type { HttpRefusal } from './deps.ts'

export const PROBLEM_JSON = 'application/problem+json; charset=utf-8'

export const Problem = Type.Object(
  {
    type: Type.String({ description: 'about:blank: the status tells the kind of problem' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: 'What is wrong, where, and what would be right' }),
    instance: Type.String({ description: 'Path of the request, without its query' }),
    requestId: Type.String({ description: 'Also in the header x-request-id, and in the log' }),
    errors: Type.Optional(
      Type.Array(Type.Object({ where: Type.String(), detail: Type.String() }), {
        description: 'Single faults of the request',
      }),
    ),
  },
  { $id: 'Problem' },
)
export type Problem = Static<typeof Problem>

/** What any request may be answered. */
const ALWAYS = [400, 401, 421, 429, 500]

/** Responses of a route's schema: problems of these statuses, and of those that any request may meet. */
export function problems(...statuses: number[]) {
  const all = [...new Set([...ALWAYS, ...statuses])].sort((a, b) => a - b)
  const content = { 'application/problem+json': { schema: Problem } }
  return Object.fromEntries(
    all.map((status) => [status, { description: STATUS_CODES[status] ?? 'Error', content }]),
  )
}

/** A fault of the request, at a place in it. */
export interface Fault {
  /** Such as `body/by` or `query/limit`. */
  readonly where: string
  readonly detail: string
}

/** An error that answers with a status and, maybe, single faults. */
export interface HttpError extends Error {
  readonly statusCode: number
  readonly faults?: readonly Fault[]
}

export function httpError(statusCode: number, message: string, faults?: readonly Fault[]): HttpError {
  return Object.assign(new Error(message), { statusCode, ...(faults === undefined ? {} : { faults }) })
}

/** Answers every error and every unknown path of the server by a problem. */
export function answerProblems(app: FastifyInstance, refused: (limit: HttpRefusal) => void): void {
  app.setErrorHandler<FastifyError & Partial<HttpError>>((error, request, reply) => {
    const status = statusOf(error)
    if (status >= 500) request.log.error({ err: error, reqId: request.id }, 'request failed')
    if (status === 413) refused('body-bytes')
    return sendProblem(request, reply, status, detailOf(error, status), error.faults)
  })
  app.setNotFoundHandler((request, reply) => {
    const detail = `nothing is served at ${request.method} ${pathOf(request)}: see /openapi.json`
    return sendProblem(request, reply, 404, detail)
  })
}

export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  detail: string,
  faults: readonly Fault[] = [],
): FastifyReply {
  const problem: Problem = {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    instance: pathOf(request),
    requestId: request.id,
    ...(faults.length > 0 ? { errors: [...faults] } : {}),
  }
  return reply.code(status).header('content-type', PROBLEM_JSON).send(JSON.stringify(problem))
}

/** Answers bytes that are no HTTP request; there is no request to speak of. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400
  const title = STATUS_CODES[status] ?? 'Error'
  const body = JSON.stringify({
    type: 'about:blank',
    title,
    status,
    detail: 'the bytes received are no HTTP request in time and size',
  })
  const head = [
    `HTTP/1.1 ${status} ${title}`,
    `content-type: ${PROBLEM_JSON}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

function statusOf(error: FastifyError & Partial<HttpError>): number {
  if (isFailure(error)) return ERROR_CODES[error.code].http
  const { statusCode } = error
  return statusCode !== undefined && statusCode >= 400 && statusCode <= 599 ? statusCode : 500
}

/** Beyond 500 a message was written for people; a 500 itself may hold anything, so it stays in the log. */
function detailOf(error: Error, status: number): string {
  return status === 500
    ? 'something went wrong inside; the log tells more under this request id'
    : error.message
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? ''
}
