/** The program as `npm run build` puts it together: what `npm test` runs everywhere, so its parts are looked at here. */
import { readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const DIST = fileURLToPath(new URL('../../dist/src', import.meta.url))
const CHUNKS = join(DIST, 'chunks')
/** What it may ask Node for besides its chunks: packages with files or binaries of their own. */
const PACKAGES = /^(@node-rs\/crc32|@tensorflow\/.*|kafkajs(\/.*)?|lmdb|msgpackr|uplot(\/.*)?)$/
const IMPORT = /^(?:import|export)\b[^'"\n]*?(?:from\s*)?["']([^"']+)["'];?$/gm

const scripts = [
  join(DIST, 'main.js'),
  ...readdirSync(CHUNKS)
    .filter((name) => name.endsWith('.js'))
    .map((name) => join(CHUNKS, name)),
]

test('the program imports its chunks, Node, and packages that must stay packages', () => {
  const imported = new Set(
    scripts.flatMap((path) => [...readFileSync(path, 'utf8').matchAll(IMPORT)].map(([, name]) => name!)),
  )
  expect(imported).toContain('lmdb')
  const others = [...imported].filter((name) => !name.startsWith('.') && !isBuiltin(name))
  expect(others.filter((name) => !PACKAGES.test(name))).toEqual([])
})

test('each command is a chunk of its own: starting one does not read the others', () => {
  const main = readFileSync(join(DIST, 'main.js'), 'utf8')
  for (const command of ['up', 'train', 'evaluate', 'chaos', 'dead-letters']) {
    expect(main).toMatch(new RegExp(`import\\("\\./chunks/${command}-[A-Z0-9]+\\.js"\\)`))
  }
})

test('the licences of the packages in it go along', () => {
  const licences = readFileSync(join(CHUNKS, 'LICENSES.txt'), 'utf8')
  for (const name of ['fastify', 'typebox', 'aedes', 'mqtt', 'prom-client', 'yaml']) {
    expect(licences).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\((MIT|ISC|Apache-2.0)\\)$`, 'm'))
  }
  expect(licences).toContain('Permission is hereby granted, free of charge')
})
