/** Who may connect to the embedded broker. */
import { createHash, timingSafeEqual } from 'node:crypto'

/** @returns true when the name and password are a user's */
export type CheckUser = (username: string | undefined, password: Buffer | undefined) => boolean

/** @param users user name → password; null: anyone may connect */
export function makeCheckUser(users: Readonly<Record<string, string>> | null): CheckUser {
  if (users === null) return () => true
  const digests = new Map(Object.entries(users).map(([name, password]) => [name, digest(password)]))
  const nobody = digest('')
  return (username, password) => {
    const known = digests.get(username ?? '')
    // Compared in any case, so that the time taken doesn't tell which names exist.
    const same = timingSafeEqual(known ?? nobody, digest(password ?? ''))
    return same && known !== undefined
  }
}

function digest(text: string | Buffer): Buffer {
  return createHash('sha256').update(text).digest()
}
