/**
 * `doctor`: checks the machine, the packages, the native backend, the config, the data folder and the ports, and says
 * for each what to do. What it can't reach itself (config, model) is handed in by the program.
 */
import { messageOf } from '../core/errors.ts'
import { checkCompiler, checkNode, checkPackages, checkPip } from './doctor-machine.ts'
import { checkDataFolder, checkPort, type PortToCheck } from './doctor-places.ts'

/** `bad` fails the command; `note` is worth knowing and needs nothing now. */
export interface Finding {
  readonly check: string
  readonly verdict: 'good' | 'note' | 'bad'
  readonly found: string
  /** What to do about it; empty when nothing is needed. */
  readonly todo: string
}

/** What the backend tells of itself; `model/backend.ts` has more. */
export interface BackendReport {
  readonly name: string
  readonly version: string
  readonly reason: string | null
  /** Ms for one prediction of 64 windows. */
  readonly predictionMs: number
}

/** What `up` would use, from the checked config. */
export interface CheckedConfig {
  /** Where the settings come from: a file's path, or the defaults. */
  readonly source: string
  readonly dataDir: string
  readonly ports: readonly PortToCheck[]
}

export interface DoctorDeps {
  readonly print: (line: string) => void
  /** Folder with the program's package.json. */
  readonly packageDir: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly measureBackend: () => Promise<BackendReport>
  /** Loads and checks the config, with its models. @throws Failure that names what is wrong */
  readonly checkConfig: () => Promise<CheckedConfig>
}

/** @returns the exit status: 0 when nothing is bad, else 1 */
export async function doctor(deps: DoctorDeps): Promise<number> {
  const bad: Finding[] = []
  for await (const finding of examine(deps)) {
    deps.print(lineOf(finding))
    if (finding.verdict === 'bad') bad.push(finding)
  }
  const names = bad.map(({ check }) => check).join(', ')
  deps.print(bad.length === 0 ? 'All in order.' : `Not in order: ${names}.`)
  return bad.length === 0 ? 0 : 1
}

async function* examine(deps: DoctorDeps): AsyncGenerator<Finding> {
  yield checkNode(process.versions.node)
  yield checkPackages(deps.packageDir)
  const backend = await checkBackend(deps)
  yield backend
  const isNative = backend.verdict === 'good'
  yield await checkCompiler(isNative)
  yield await checkPip(isNative)
  try {
    const config = await deps.checkConfig()
    yield { check: 'config', verdict: 'good', found: `valid (${config.source})`, todo: '' }
    yield checkDataFolder(config.dataDir)
    for (const port of config.ports) yield await checkPort(port)
  } catch (error) {
    const todo = 'mend what the message names; `forewarn config check` checks it again'
    yield { check: 'config', verdict: 'bad', found: messageOf(error), todo }
  }
}

async function checkBackend({ measureBackend, env }: DoctorDeps): Promise<Finding> {
  const check = 'TensorFlow'
  try {
    const { name, version, reason, predictionMs } = await measureBackend()
    const speed = `64 windows in ${predictionMs.toFixed(2)} ms`
    if (name === 'tensorflow')
      return { check, verdict: 'good', found: `native ${version}, ${speed}`, todo: '' }
    const found = `WebAssembly ${version}, ${speed}; ${reason}`
    if (env.FOREWARN_NATIVE === 'wasm')
      return { check, verdict: 'note', found, todo: '`train` needs the native one' }
    const todo =
      'bring what the reason names, then run FOREWARN_NATIVE=auto forewarn doctor, which tries every way again'
    return { check, verdict: 'bad', found, todo }
  } catch (error) {
    return { check, verdict: 'bad', found: messageOf(error), todo: 'install the packages again: npm ci' }
  }
}

function lineOf({ check, verdict, found, todo }: Finding): string {
  const mark = { good: 'ok  ', note: 'note', bad: 'BAD ' }[verdict]
  return `${mark} ${check}: ${found}${todo === '' ? '' : `\n     -> ${todo}`}`
}
