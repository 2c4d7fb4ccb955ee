/**
 * Who may ask: the bearer token, compared in constant time; and, where there is none, only names of this
 * machine as `Host`, so that a web page elsewhere can't reach a server on loopback by a name of its own
 * (DNS rebinding).
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { HttpSettings } from '../config/settings.ts'
import type { HttpRefusal } from './deps.ts'
import { httpError } from './problem.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Served without a token: health, and the page that asks for the token. */
    open?: boolean
    /** Not counted by the request rate. */
    unlimited?: boolean
  }
}

const LOOPBACK_NAME = /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/i

/** Refuses in the `onRequest` step, before a body is read. */
export function guardRequests(
  app: FastifyInstance,
  http: HttpSettings,
  refused: (limit: HttpRefusal) => void,
): void {
  const expected = http.token === null ? null : digest(http.token)
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.open === true) return
    if (expected === null) {
      if (isOwnName(request, http.host)) return
      refused('host')
      throw httpError(421, `host ${request.host} is not this machine: use 127.0.0.1, or set http.token`)
    }
    if (timingSafeEqual(digest(bearerOf(request)), expected)) return
    refused('token')
    reply.header('www-authenticate', 'Bearer realm="forewarn"')
    throw httpError(401, 'send the header Authorization: Bearer TOKEN with the token of http.token')
  })
}

/** Hashes have one length, so comparing them tells nothing of the token's. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function bearerOf(request: FastifyRequest): string {
  const [scheme, ...rest] = (request.headers.authorization ?? '').split(' ')
  return scheme?.toLowerCase() === 'bearer' ? rest.join(' ').trim() : ''
}

function isOwnName(request: FastifyRequest, ownHost: string): boolean {
  const name = request.host.replace(/:\d+$/, '')
  return LOOPBACK_NAME.test(name) || name.toLowerCase() === ownHost.toLowerCase()
}
