/**
 * One content type for bodies: JSON in UTF-8, uncompressed; anything else is 415. One parser for it means
 * that no trick with the header gets past the check of the body.
 */
import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import { parse } from 'secure-json-parse'
import { messageOf } from '../core/errors.ts'
import { httpError } from './problem.ts'

export function takeJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (_request: unknown, body: Buffer) => parseBody(body),
  )
  app.addHook('preParsing', async (request, _reply, payload) => {
    const encoding = request.headers['content-encoding'] ?? 'identity'
    if (encoding !== 'identity') throw httpError(415, `content-encoding ${encoding}: send the body as it is`)
    return payload
  })
}

function parseBody(body: Buffer): unknown {
  if (!isUtf8(body)) throw httpError(400, 'body: not UTF-8')
  try {
    return parse(body.toString())
  } catch (error) {
    throw httpError(400, `body: ${messageOf(error)}`)
  }
}
