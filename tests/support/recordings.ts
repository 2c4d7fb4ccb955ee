/** Files of the recordings that the project may not ship. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { requires } from './requires.ts'

/**
 * Unpacks an archive of the shared data.
 * @param dir a folder of the test's own
 * @returns paths of the files whose path matches, sorted
 */
export function unpackedFiles(archive: string, dir: string, wanted: RegExp): string[] {
  const to = mkdtempSync(join(dir, 'unpacked-'))
  execFileSync('tar', ['xzf', requires('shared-data', archive).path, '-C', to])
  return readdirSync(to, { recursive: true, encoding: 'utf8' })
    .filter((name) => wanted.test(name))
    .map((name) => join(to, name))
    .sort()
}
