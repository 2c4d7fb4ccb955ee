// @ts-check
/**
 * The official way: tfjs-node's own install script, which downloads libtensorflow and a compiled binding from
 * Google's storage (or TFJS_NODE_CDN_STORAGE). It knows every platform that there is a build for. It would wait for
 * minutes where the network swallows packets, so the storage is asked first, briefly.
 */
import { existsSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { delimiter, dirname, join } from 'node:path'
import { step } from '../progress.mjs'
import { endOf, run } from '../run.mjs'
import { messageOf, trouble } from '../trouble.mjs'
import { BINDING, refuseMusl } from './load.mjs'
import { filesIn, place } from './store.mjs'

const STORAGE = 'https://storage.googleapis.com/'
/** A closed network costs this once; then the failure is remembered. */
const ANSWER_LIMIT_MS = 4_000
const DOWNLOAD_LIMIT_MS = 15 * 60_000

/** Where the install script will download from. @param {NodeJS.ProcessEnv} env */
export function storageOf(env) {
  return env.TFJS_NODE_CDN_STORAGE || env.npm_config_TFJS_NODE_CDN_STORAGE || env.CDN_STORAGE || STORAGE
}

/** The proxy that the install script would use, in its order, or null. @param {NodeJS.ProcessEnv} env */
export function proxyOf(env) {
  return env.HTTPS_PROXY || env.https_proxy || env.HTTP_PROXY || env.http_proxy || null
}

/**
 * Installs into the package's folder, then lists what came into a staged folder for the cache.
 * @param {string} tfjsNode
 * @param {string} staged
 */
export async function fromOfficial(tfjsNode, staged) {
  refuseMusl()
  await ask(process.env)
  await step('native TensorFlow: official download (about 120 MB)', () => install(tfjsNode))
  const libraries = existsSync(join(tfjsNode, 'deps/lib')) ? await filesIn(join(tfjsNode, 'deps/lib')) : []
  await place([BINDING, ...libraries.map((name) => `deps/lib/${name}`)], tfjsNode, staged)
}

/** @param {string} tfjsNode */
async function install(tfjsNode) {
  // The script calls node-pre-gyp by name, as npm would let it.
  const bin = join(dirname(dirname(tfjsNode)), '.bin')
  const outcome = await run(process.execPath, ['scripts/install.js'], {
    cwd: tfjsNode,
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
    limitMs: DOWNLOAD_LIMIT_MS,
  })
  if (outcome.ok && existsSync(join(tfjsNode, BINDING))) return
  const lines = endOf(outcome.output).split('\n')
  throw trouble(
    `its install script failed: ${lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1)}`,
    '',
  )
}

/**
 * Throws unless the storage, or the proxy in front of it, answers soon.
 * @param {NodeJS.ProcessEnv} env
 */
export async function ask(env) {
  const storage = new URL(storageOf(env))
  const proxy = proxyOf(env)
  try {
    await (proxy === null ? askDirectly(storage) : askProxy(new URL(proxy), storage))
  } catch (error) {
    const through = proxy === null ? '' : ` through the proxy ${new URL(proxy).host}`
    throw trouble(
      `${storage.host} does not answer${through} (${messageOf(error)})`,
      `open ${storage.host} for HTTPS, or set TFJS_NODE_CDN_STORAGE to a mirror of it`,
    )
  }
}

/**
 * Any answer of the storage will do: its root is no page of its own.
 * @param {URL} storage
 */
function askDirectly(storage) {
  const request = storage.protocol === 'https:' ? httpsRequest : httpRequest
  return answered(request(storage, { method: 'HEAD' }), 'response', () => true)
}

/**
 * @param {URL} proxy
 * @param {URL} storage
 */
function askProxy(proxy, storage) {
  const path = `${storage.hostname}:${storage.port || (storage.protocol === 'https:' ? 443 : 80)}`
  const request = proxy.protocol === 'https:' ? httpsRequest : httpRequest
  const headers = proxy.username
    ? { 'proxy-authorization': `Basic ${btoa(decodeURIComponent(`${proxy.username}:${proxy.password}`))}` }
    : {}
  return answered(request(proxy, { method: 'CONNECT', path, headers }), 'connect', (status) => status === 200)
}

/**
 * @param {import('node:http').ClientRequest} request
 * @param {'response' | 'connect'} event
 * @param {(status: number) => boolean} isGood
 * @returns {Promise<void>}
 */
function answered(request, event, isGood) {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(
      () => request.destroy(new Error(`nothing came within ${ANSWER_LIMIT_MS / 1000} s`)),
      ANSWER_LIMIT_MS,
    )
    request.once('error', (error) => {
      clearTimeout(limit)
      reject(error)
    })
    request.once(event, (/** @type {import('node:http').IncomingMessage} */ response) => {
      clearTimeout(limit)
      if (isGood(response.statusCode ?? 0)) resolve()
      else reject(new Error(`status ${response.statusCode}`))
      request.destroy()
    })
    request.end()
  })
}
