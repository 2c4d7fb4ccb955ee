/** Asks the API of the server that this page came from; holds the token where one is needed. */

const TOKEN_KEY = 'forewarn.token'

/** An answer of the API that is a problem (RFC 9457). */
export class ApiProblem extends Error {
  /**
   * @param {number} status
   * @param {string} detail
   */
  constructor(status, detail) {
    super(detail)
    this.status = status
  }
}

/** Kept for this tab only. */
let token = sessionStorage.getItem(TOKEN_KEY)

/** @param {string} given */
export function setToken(given) {
  token = given
  sessionStorage.setItem(TOKEN_KEY, given)
}

/** @returns {Record<string, string>} */
export function authorization() {
  return token === null ? {} : { authorization: `Bearer ${token}` }
}

/**
 * @template Answer
 * @param {string} path
 * @returns {Promise<Answer>} the answer's JSON
 */
export function getJson(path) {
  return ask(path, { headers: authorization() })
}

/**
 * @template Answer
 * @param {string} path
 * @param {object} body
 * @returns {Promise<Answer>} the answer's JSON
 */
export function postJson(path, body) {
  const headers = { ...authorization(), 'content-type': 'application/json' }
  return ask(path, { method: 'POST', headers, body: JSON.stringify(body) })
}

/**
 * @template Item
 * @typedef {{ items: Item[], next: string | null }} Page
 */

/**
 * All pages of a list, up to a number of items.
 * @template Item
 * @param {string} path with its query
 * @param {number} most
 * @returns {Promise<{ items: Item[], more: boolean }>}
 */
export async function getList(path, most) {
  /** @type {Item[]} */
  const items = []
  /** @type {string | null} */
  let next = null
  do {
    /** @type {Page<Item>} */
    const page = await getJson(next === null ? path : `${path}&cursor=${encodeURIComponent(next)}`)
    items.push(...page.items)
    next = page.next
  } while (next !== null && items.length < most)
  return { items, more: next !== null }
}

/**
 * @param {string} path
 * @param {RequestInit} options
 */
async function ask(path, options) {
  const response = await fetch(path, { ...options, cache: 'no-store' })
  if (response.ok) return response.json()
  throw await problemOf(response)
}

/** @param {Response} response */
export async function problemOf(response) {
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') === true
  const detail = isProblem ? (await response.json()).detail : response.statusText
  return new ApiProblem(response.status, detail)
}
