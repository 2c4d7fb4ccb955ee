import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import {
  fileNames,
  headers,
  importDirection,
  neverWritten,
  packageHomes,
  purity,
  type Rule,
  sizes,
} from './support/house-rules.ts'
import { codeOf, functionsOf, importsOf, sourceFiles } from './support/source-text.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const files = ['src', 'simulators', 'bench', 'bin/setup', 'tests'].flatMap((folder) =>
  sourceFiles(ROOT, folder),
)

describe('the project keeps the rules', () => {
  test.each<[string, Rule]>([
    ['imports go one way, and siblings do not know each other', importDirection],
    ['each package has one home', packageHomes],
    ['the core, the simulators and training only compute', purity],
    ['some things are never written', neverWritten],
    ['files are named by their one noun', fileNames],
    ['files and functions are small', sizes],
    ['each file begins with what it is for', headers],
  ])('%s', (_, rule) => {
    const broken = files.flatMap((file) => rule(file).map((finding) => `${file.path}: ${finding}`))
    expect(broken).toEqual([])
  })

  test('there are files to be held to them', () => {
    expect(files.length).toBeGreaterThan(200)
    expect(files.flatMap(({ text }) => functionsOf(text)).length).toBeGreaterThan(1000)
    expect(files.flatMap(importsOf).length).toBeGreaterThan(500)
  })
})

const long = (lines: number) => Array.from({ length: lines }, (_, i) => `  call(${i})`).join('\n')

describe('each rule can fail', () => {
  test.each<[Rule, string, string]>([
    [importDirection, 'src/core/asset.ts', "import { createMemoryLog } from '../eventlog/memory.ts'"],
    [importDirection, 'src/engine/worker.ts', "import {\n  a,\n  type B,\n} from '../eventlog/memory.ts'"],
    [importDirection, 'src/http/board.ts', "import type { Worker } from '../engine/worker.ts'"],
    [importDirection, 'src/engine/engine.ts', "import { settings } from '../config/settings.ts'"],
    [importDirection, 'src/core/asset.ts', "export { x } from '../app/app.ts'"],
    [importDirection, 'src/sinks/mqtt.ts', "import '../ingest/mqtt.ts'"],
    [importDirection, 'src/model/scorer.ts', "const { x } = await import('../training/fit.ts')"],
    [importDirection, 'src/engine/worker.ts', "import { fleet } from '../../simulators/fleet.ts'"],
    [importDirection, 'simulators/fleet.ts', "import { fit } from '../src/training/fit.ts'"],
    [importDirection, 'src/main.ts', "import { startApp } from './app/app.ts'"],
    [packageHomes, 'src/engine/worker.ts', "import { open } from 'lmdb'"],
    [packageHomes, 'src/eventlog/memory.ts', "import { open } from 'lmdb'"],
    [packageHomes, 'src/core/asset.ts', "import { readFileSync } from 'node:fs'"],
    [packageHomes, 'src/core/asset.ts', "import pino from 'pino'"],
    [packageHomes, 'src/http/server.ts', "import type { Tensor } from '@tensorflow/tfjs'"],
    [packageHomes, 'src/http/server.ts', "import left from 'left-pad/sub'"],
    [purity, 'src/core/asset.ts', 'const now = Date.now()'],
    [purity, 'src/core/asset.ts', 'const now = new Date()'],
    [purity, 'src/core/asset.ts', 'export async function take() {}'],
    [purity, 'src/core/asset.ts', 'const all: Promise<void>[] = []'],
    [purity, 'src/core/asset.ts', 'const home = process.env.HOME'],
    [purity, 'simulators/pump.ts', 'const dice = Math.random()'],
    [purity, 'src/training/fit.ts', 'const started = performance.now()'],
    [purity, 'src/training/fit.ts', 'setTimeout(() => stop(), 10)'],
    [neverWritten, 'src/a.ts', 'function f(x: any) {}'],
    [neverWritten, 'src/a.ts', 'const x = y as any'],
    [neverWritten, 'src/a.ts', 'const x: Map<string, any> = y'],
    [neverWritten, 'src/a.ts', 'const x = y as unknown as Z'],
    [neverWritten, 'src/a.ts', 'class A extends B {}'],
    [neverWritten, 'src/a.ts', 'try {\n} catch (error) {\n}'],
    [neverWritten, 'src/a.ts', 'run().catch(() => {})'],
    [neverWritten, 'src/a.ts', '// @ts-ignore'],
    [neverWritten, 'src/a.ts', '// TODO later'],
    [neverWritten, 'tests/a.test.ts', "test.skip('x', () => {})"],
    [neverWritten, 'tests/a.test.ts', "describe.only('x', () => {})"],
    [fileNames, 'src/core/utils.ts', ''],
    [fileNames, 'src/core/index.ts', ''],
    [fileNames, 'src/core/alertManager.ts', ''],
    [sizes, 'src/a.ts', long(301)],
    [sizes, 'src/a.ts', `function f() {\n${long(60)}\n}`],
    [sizes, 'src/a.ts', `export async function f(\n  a: A,\n): Promise<B> {\n${long(60)}\n}`],
    [sizes, 'src/a.ts', `const f = (a) => {\n${long(60)}\n}`],
    [sizes, 'src/a.ts', `return {\n  f(a) {\n${long(60)}\n  },\n}`],
    [sizes, 'src/a.ts', `function f() {\n${`  function g() {\n${long(40)}\n  }\n`.repeat(5)}}`],
    [headers, 'src/a.ts', "import { a } from './b.ts'"],
    [headers, 'src/a.ts', '/** */\nexport const a = 1'],
  ])('%o on %s (%#)', (rule, path, text) => {
    expect(rule({ path, text })).not.toEqual([])
  })

  test.each<[Rule, string, string]>([
    [importDirection, 'src/engine/engine.ts', "import type { Limits } from '../config/settings.ts'"],
    [
      importDirection,
      'src/engine/engine.ts',
      "import { a } from '../core/asset.ts'\nimport { b } from './worker.ts'",
    ],
    [packageHomes, 'src/eventlog/lmdb-env.ts', "import { open } from 'lmdb'"],
    [packageHomes, 'src/core/records.ts', "import Type, { type Static } from 'typebox'"],
    [purity, 'src/core/asset.ts', '// Date.now() is not for us\nconst day = new Date(ms)'],
    [purity, 'src/core/asset.ts', "const text = 'await Promise'"],
    [purity, 'src/engine/worker.ts', 'const startedMs = performance.now()'],
    [neverWritten, 'src/a.ts', '// any of them\nconst company: Many = anything'],
    [neverWritten, 'src/a.ts', "try {\n} catch (error) {\n  report(error)\n}\nconst text = ': any'"],
    [sizes, 'src/a.ts', `function f() {\n${`  function g() {\n${long(40)}\n  }\n`.repeat(4)}}`],
    [headers, 'bin/a.mjs', '#!/usr/bin/env node\n// Starts it.\nstart()'],
  ])('%o lets %s pass (%#)', (rule, path, text) => {
    expect(rule({ path, text })).toEqual([])
  })
})

test('code is read without its comments, texts and patterns, line by line', () => {
  const text =
    "const a = 'b { c' // d {\nconst e = /\\/[/{]'/g.test(f) /* g\n{ */ + h / i / j\nconst k = `l` + m\n"
  const code = codeOf(text)
  expect(code.split('\n').map((line) => line.trimEnd())).toEqual([
    "const a = '     '",
    `const e = ${' '.repeat(10)}.test(f)`,
    '     + h / i / j',
    'const k = `l` + m',
    '',
  ])
})
