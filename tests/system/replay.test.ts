/** The same recording through `up` over MQTT and through `score`: the same scores (laws 3 and 6). */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { unpackedFiles } from '../support/recordings.ts'
import { compareReplayed } from '../support/replayed.ts'
import { requires } from '../support/requires.ts'

const EXAMPLES = fileURLToPath(new URL('../../docs/examples/', import.meta.url))
let dir = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'forewarn-replay-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

test('four C-MAPSS engines of the examples', { timeout: 120_000 }, async () => {
  const input = join(EXAMPLES, 'data/cmapss-fd001-engines-1-4.txt')
  await compareReplayed(dir, join(EXAMPLES, 'cmapss.yaml'), join(EXAMPLES, 'cmapss.map.yaml'), [input], 60)
})

describe.skipIf(requires('shared-data').missing)('recordings that the project may not ship', () => {
  test('a run of SKAB valve1', { timeout: 120_000 }, async () => {
    const files = unpackedFiles('skab-valve1.tar.gz', dir, /valve1\/0\.csv$/)
    const config = join(dir, 'skab.yaml')
    writeFileSync(config, 'pipelines: [{ name: loop, window: { size: 20s, lateness: 0s } }]\n')
    await compareReplayed(dir, config, join(EXAMPLES, 'skab-valve1.map.yaml'), files, 40)
  })
})
