// @ts-check
/**
 * The way through the Python package registry: TensorFlow's own wheel holds the library and its C headers, and the
 * binding is compiled against them with nothing but a C++ compiler (it speaks N-API, whose headers are an npm
 * package). Measured on Linux x64 only, so offered there only. See docs/decisions/0002-native-tensorflow.md.
 */
import { mkdir, readdir, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageFolder } from '../places.mjs'
import { megabytes, step } from '../progress.mjs'
import { endOf, onPath, run } from '../run.mjs'
import { trouble } from '../trouble.mjs'
import { BINDING, SYSTEM } from './load.mjs'

const WHEEL = {
  requirement: 'tensorflow-cpu==2.15.1',
  python: '3.11',
  abi: 'cp311',
  sha256: '54660c074d7241a503e81edfd9f5ef5af88f64051b72e2945f26318c790f2d26',
  bytes: 207_208_420,
}
/** The wheel, what is unpacked from it, and some room. */
const NEEDED_BYTES = 1_000_000_000
const UNPACK = fileURLToPath(new URL('unpack_wheel.py', import.meta.url))
const PIP_LIMIT_MS = 20 * 60_000
const COMPILE_LIMIT_MS = 5 * 60_000

/** Interpreters to ask for pip, the usual first. */
const PYTHONS = [
  'python3',
  'python',
  'python3.13',
  'python3.12',
  'python3.11',
  'python3.10',
  'python3.9',
  'pypy3',
]
const COMPILERS = ['g++', 'c++', 'clang++']

/** The tools that this way would use now: a change of them makes a remembered failure worth another try. */
export function toolsFound(env = process.env) {
  return {
    pythons: PYTHONS.flatMap((name) => onPath(name, env) ?? []),
    compiler: [env.CXX ?? [], ...COMPILERS].flat().flatMap((name) => onPath(name, env) ?? [])[0] ?? null,
  }
}

/**
 * Fills a staged folder with `deps/lib` and the binding.
 * @param {string} tfjsNode folder with the binding's sources
 * @param {string} staged
 */
export async function fromWheel(tfjsNode, staged) {
  if (SYSTEM !== 'linux-x64' || isMusl()) {
    throw trouble(
      `this way was made for Linux x64 with glibc; this is ${SYSTEM}${isMusl() ? ' with musl' : ''}`,
      '',
    )
  }
  const { pythons, compiler } = toolsFound()
  if (compiler === null) {
    throw trouble(
      `no C++ compiler (looked for ${COMPILERS.join(', ')})`,
      'install one (Debian: apt-get install g++)',
    )
  }
  const python = await pythonWithPip(pythons)
  await mkdir(staged, { recursive: true })
  await checkRoom(staged)
  const wheel = await download(python, join(staged, 'wheel'))
  await step('native TensorFlow: unpack the wheel', () => unpack(python, wheel, staged))
  await rm(join(staged, 'wheel'), { recursive: true })
  await step('native TensorFlow: compile the binding', () => compile(compiler, tfjsNode, staged))
  await rm(join(staged, 'include'), { recursive: true })
}

/** @param {readonly string[]} pythons */
async function pythonWithPip(pythons) {
  for (const python of pythons) {
    const outcome = await run(python, ['-m', 'pip', '--version'], { limitMs: 20_000 })
    if (outcome.ok) return python
  }
  const found = pythons.length === 0 ? 'no Python' : `no pip in ${pythons.join(', ')}`
  throw trouble(`${found}`, 'install Python with pip (Debian: apt-get install python3-pip)')
}

/** @param {string} folder */
async function checkRoom(folder) {
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize >= NEEDED_BYTES) return
  throw trouble(
    `${folder} has ${megabytes(bavail * bsize)} left, ${megabytes(NEEDED_BYTES)} are needed`,
    'make room there, or set FOREWARN_CACHE to a folder on a larger disk',
  )
}

/**
 * @param {string} python
 * @param {string} folder
 */
async function download(python, folder) {
  await mkdir(folder, { recursive: true })
  const wanted = join(folder, 'requirements.txt')
  await writeFile(wanted, `${WHEEL.requirement} --hash=sha256:${WHEEL.sha256}\n`)
  // The wheel's own tags are named, so that a Python of any version fetches it; TMPDIR keeps the partial file here.
  const args = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--require-hashes', '-r', wanted]
  args.push('--python-version', WHEEL.python, '--implementation', 'cp', '--abi', WHEEL.abi)
  args.push('--platform', 'manylinux_2_17_x86_64', '--platform', 'manylinux2014_x86_64')
  args.push(
    '--disable-pip-version-check',
    '--no-input',
    '--progress-bar',
    'off',
    '--no-cache-dir',
    '-d',
    folder,
  )
  const env = { PIP_RETRIES: '1', PIP_DEFAULT_TIMEOUT: '15', ...process.env, TMPDIR: folder }
  const outcome = await step(
    `native TensorFlow: pip download ${WHEEL.requirement} (${megabytes(WHEEL.bytes)})`,
    () => run(python, args, { env, limitMs: PIP_LIMIT_MS }),
  )
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'))
  if (outcome.ok && wheel !== undefined) return join(folder, wheel)
  throw trouble(
    `pip could not fetch ${WHEEL.requirement}: ${errorLineOf(outcome.output)}`,
    'check that pip reaches a Python package index (pip config list; HTTPS_PROXY), or set PIP_INDEX_URL to one',
  )
}

/**
 * @param {string} python
 * @param {string} wheel
 * @param {string} staged
 */
async function unpack(python, wheel, staged) {
  const outcome = await run(python, [UNPACK, wheel, staged], { limitMs: COMPILE_LIMIT_MS })
  if (!outcome.ok) throw trouble(`the wheel could not be unpacked: ${errorLineOf(outcome.output)}`, '')
}

/**
 * What binding.gyp of tfjs-node says, as one command: no node-gyp, make or headers of this Node are needed.
 * @param {string} compiler
 * @param {string} tfjsNode
 * @param {string} staged
 */
async function compile(compiler, tfjsNode, staged) {
  const headers = packageFolder('node-api-headers')
  if (headers === null)
    throw trouble('the npm package node-api-headers is missing', 'install the packages again')
  await mkdir(join(staged, BINDING, '..'), { recursive: true })
  const napi = /napi-v(\d+)/.exec(BINDING)?.[1]
  const args = ['-std=c++17', '-O2', '-fPIC', '-shared', '-pthread', `-DNAPI_VERSION=${napi}`, '-w']
  args.push('-I', join(headers, 'include'), '-I', join(staged, 'include'), '-I', tfjsNode)
  args.push(join(tfjsNode, 'binding/tfjs_backend.cc'), join(tfjsNode, 'binding/tfjs_binding.cc'))
  args.push('-o', join(staged, BINDING), '-L', join(staged, 'deps/lib'))
  args.push(
    '-l:libtensorflow_cc.so.2',
    '-l:libtensorflow_framework.so.2',
    '-Wl,-rpath,$ORIGIN/../../deps/lib',
  )
  const outcome = await run(compiler, args, { limitMs: COMPILE_LIMIT_MS })
  if (outcome.ok) return
  throw trouble(
    `${compiler} could not compile the binding: ${errorLineOf(outcome.output)}`,
    'install a C++17 compiler with its standard library (Debian: apt-get install g++)',
  )
}

/** glibc tells its version in Node's report; musl, for which no TensorFlow is made, does not. */
function isMusl() {
  if (process.platform !== 'linux') return false
  const { header } = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport())
  return header.glibcVersionRuntime === undefined
}

/** @param {string} output */
function errorLineOf(output) {
  const lines = endOf(output).split('\n')
  return lines.findLast((line) => /error|stopped after/i.test(line)) ?? lines.at(-1) ?? 'it said nothing'
}
