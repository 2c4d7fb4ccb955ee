/** dist/ is built when its sources changed, and only then. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { distIsFresh, printOfSources, sourceFiles, stampBuild } from '../../bin/setup/sources.mjs'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'forewarn-sources-'))
  for (const folder of ['src/http/ui', 'simulators', 'dist/src'])
    mkdirSync(join(root, folder), { recursive: true })
  for (const file of ['src/main.ts', 'src/http/ui/app.js', 'simulators/pump.ts', 'tsconfig.json']) {
    writeFileSync(join(root, file), `// ${file}`)
  }
  writeFileSync(join(root, 'dist/src/main.js'), '')
  stampBuild(join(root, 'dist'), printOfSources(root))
})

afterEach(() => rmSync(root, { recursive: true }))

test('a built tree is fresh, also when its files were only touched', () => {
  expect(distIsFresh(root)).toBe(true)
  utimesSync(join(root, 'src/main.ts'), 1, 1)
  expect(distIsFresh(root)).toBe(true)
})

test('a change, a new file, a removed file and a lost entry each ask for a build', () => {
  const changes = [
    () => writeFileSync(join(root, 'src/http/ui/app.js'), '// other'),
    () => writeFileSync(join(root, 'simulators/motor.ts'), ''),
    () => rmSync(join(root, 'tsconfig.json')),
    () => rmSync(join(root, 'dist/src/main.js')),
  ]
  for (const change of changes) {
    change()
    expect(distIsFresh(root)).toBe(false)
    writeFileSync(join(root, 'dist/src/main.js'), '')
    stampBuild(join(root, 'dist'), printOfSources(root))
    expect(distIsFresh(root)).toBe(true)
  }
})

test('a change of the same length and time is found by a build from another checkout', () => {
  writeFileSync(join(root, 'dist/.built.json'), JSON.stringify({ times: 'elsewhere', contents: 'other' }))
  expect(distIsFresh(root)).toBe(false)
})

test('what a package does not carry is passed over', () => {
  expect(sourceFiles(root)).toEqual([
    'simulators/pump.ts',
    'src/http/ui/app.js',
    'src/main.ts',
    'tsconfig.json',
  ])
})
