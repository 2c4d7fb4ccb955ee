/** All engines of a C-MAPSS set through `up` over MQTT and through `score`: the same scores (laws 3 and 6). */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, test } from 'vitest'
import { unpackedFiles } from '../support/recordings.ts'
import { compareReplayed } from '../support/replayed.ts'
import { requires } from '../support/requires.ts'

const EXAMPLES = fileURLToPath(new URL('../../docs/examples/', import.meta.url))
let dir = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'forewarn-replay-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

test.skipIf(requires('shared-data').missing)(
  'C-MAPSS FD001, all 100 engines',
  { timeout: 180_000 },
  async () => {
    const files = unpackedFiles('cmapss-FD001-FD002.tar.gz', dir, /(^|\/)train_FD001\.txt$/)
    await compareReplayed(dir, join(EXAMPLES, 'cmapss.yaml'), join(EXAMPLES, 'cmapss.map.yaml'), files, 1800)
  },
)
