/** `doctor` says what is not in order and what to do, and its exit status says whether anything is. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type BackendReport, type DoctorDeps, doctor } from '../../src/commands/doctor.ts'
import { checkNode, checkPackages, toolFinding } from '../../src/commands/doctor-machine.ts'
import { checkDataFolder, checkPort } from '../../src/commands/doctor-places.ts'
import { failure } from '../../src/core/errors.ts'

const NATIVE = { name: 'tensorflow', version: '2.15.1', reason: null, predictionMs: 0.71 }
const WASM = { name: 'wasm', version: '4.22.0', reason: 'official: storage closed', predictionMs: 0.9 }

let packageDir: string
let lines: string[]

beforeEach(() => {
  lines = []
  packageDir = mkdtempSync(join(tmpdir(), 'forewarn-doctor-'))
  mkdirSync(join(packageDir, 'node_modules/fastify'), { recursive: true })
  writeFileSync(join(packageDir, 'node_modules/fastify/package.json'), '{"version":"5.0.0"}')
  writeFileSync(join(packageDir, 'package.json'), '{"dependencies":{"fastify":"5.0.0"}}')
})

afterEach(() => rmSync(packageDir, { recursive: true }))

function run(backend: BackendReport, changes: Partial<DoctorDeps> = {}): Promise<number> {
  return doctor({
    print: (line) => lines.push(line),
    packageDir,
    env: {},
    measureBackend: async () => backend,
    checkConfig: async () => ({ source: 'defaults', dataDir: join(packageDir, 'data'), ports: [] }),
    ...changes,
  })
}

test('a machine in order ends with 0', async () => {
  expect(await run(NATIVE)).toBe(0)
  expect(lines).toContain('ok   TensorFlow: native 2.15.1, 64 windows in 0.71 ms')
  expect(lines).toContain('ok   packages: 1 in place')
  expect(lines.at(-1)).toBe('All in order.')
})

test('WebAssembly that nobody asked for is not in order, with its reason', async () => {
  expect(await run(WASM)).toBe(1)
  const said = lines.find((line) => line.startsWith('BAD  TensorFlow'))
  expect(said).toContain('official: storage closed')
  expect(said).toContain('FOREWARN_NATIVE=auto forewarn doctor')
  expect(lines.at(-1)).toBe('Not in order: TensorFlow.')
})

test('WebAssembly on wish is', async () => {
  expect(await run(WASM, { env: { FOREWARN_NATIVE: 'wasm' } })).toBe(0)
})

test('a backend that does not load and a wrong config are both told', async () => {
  const status = await run(NATIVE, {
    measureBackend: () => Promise.reject(new Error('no WebAssembly either')),
    checkConfig: () => Promise.reject(failure('config', 'pipelines[0].window.hop: at most size')),
  })
  expect(status).toBe(1)
  expect(lines.join('\n')).toContain('no WebAssembly either')
  expect(lines.join('\n')).toContain('pipelines[0].window.hop: at most size')
  expect(lines.at(-1)).toBe('Not in order: TensorFlow, config.')
})

test('a package of another version is named', () => {
  writeFileSync(join(packageDir, 'node_modules/fastify/package.json'), '{"version":"4.0.0"}')
  expect(checkPackages(packageDir)).toMatchObject({ verdict: 'bad', found: 'fastify is not 5.0.0' })
})

test('packages beside the program’s own folder count, as npx lays them', () => {
  const program = join(packageDir, 'node_modules/forewarn')
  mkdirSync(program)
  writeFileSync(join(program, 'package.json'), '{"dependencies":{"fastify":"5.0.0"}}')
  expect(checkPackages(program).verdict).toBe('good')
})

test('Node is checked by its major version', () => {
  expect(['18.20.0', '20.0.0', '21.0.0', '24.1.0'].map((version) => checkNode(version).verdict)).toEqual([
    'bad',
    'good',
    'note',
    'good',
  ])
})

test('a missing tool matters only while the native library is missing', () => {
  expect(toolFinding('pip', null, true, 'x').todo).toContain('only needed to bring')
  expect(toolFinding('pip', null, false, 'apt-get install python3-pip').todo).toContain('python3-pip')
  expect(toolFinding('pip', 'pip 23', false, 'x').verdict).toBe('good')
})

test('a data folder that can’t be made is told, one that does not exist yet is not', () => {
  expect(checkDataFolder(join(packageDir, 'not/yet')).verdict).toBe('good')
  writeFileSync(join(packageDir, 'file'), '')
  expect(checkDataFolder(join(packageDir, 'file/below'))).toMatchObject({ verdict: 'bad' })
})

test('a taken port is told, a free one and any port are good', async () => {
  const server: Server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const asked = { name: 'MQTT (mqtt.port)', host: '127.0.0.1', port }
  expect(await checkPort(asked)).toMatchObject({ verdict: 'bad', found: `127.0.0.1:${port} is taken` })
  await new Promise((resolve) => server.close(resolve))
  expect(await checkPort(asked)).toMatchObject({ verdict: 'good' })
  expect(await checkPort({ ...asked, port: 0 })).toMatchObject({ verdict: 'good' })
  expect(await checkPort({ ...asked, host: '192.0.2.1' })).toMatchObject({ verdict: 'bad' })
})
