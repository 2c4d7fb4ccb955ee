/** Who can reach us: beyond loopback nothing starts without its token and users (design 4.5). */
import type { Settings } from '../config/settings.ts'
import { failure } from '../core/errors.ts'

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/

/** @throws failure 'config' that names the address and the missing setting */
export function checkReach({ mqtt, http }: Settings): void {
  const wrong: string[] = []
  if (!LOOPBACK.test(http.host) && http.token === null) {
    wrong.push(
      `http.host: ${http.host} is reachable from outside; set http.token (FOREWARN_HTTP_TOKEN), or use 127.0.0.1`,
    )
  }
  if (mqtt.url === 'embedded' && !LOOPBACK.test(mqtt.host) && mqtt.users === null) {
    wrong.push(
      `mqtt.host: ${mqtt.host} is reachable from outside; set mqtt.users (name: password), or use 127.0.0.1`,
    )
  }
  if (wrong.length > 0) throw failure('config', wrong.join('\n'))
}
