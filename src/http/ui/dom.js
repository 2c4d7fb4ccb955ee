/** Small helpers for building the page: elements without a framework, and without markup from data. */

const SVG = 'http://www.w3.org/2000/svg'

/** @typedef {Node | string | null | false} Child */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | boolean | ((event: Event) => void) | null>} [attributes] `on…` are listeners; null and false are left out
 * @param {...Child} children text is never taken as markup
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value)
    else if (value !== null && value !== false)
      element.setAttribute(name, value === true ? '' : String(value))
  }
  put(element, ...children)
  return element
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {...SVGElement} children
 * @returns {SVGElement}
 */
export function s(tag, attributes, ...children) {
  const element = /** @type {SVGElement} */ (document.createElementNS(SVG, tag))
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value))
  element.append(...children)
  return element
}

/**
 * Appends children, leaving out what is not there.
 * @param {Element} element
 * @param {...Child} children
 */
export function put(element, ...children) {
  for (const child of children) if (child !== null && child !== false) element.append(child)
}

/**
 * Replaces what an element holds.
 * @param {Element} element
 * @param {...Child} children
 */
export function fill(element, ...children) {
  element.replaceChildren()
  put(element, ...children)
}

/**
 * Sets text only where it changed, so that the browser has nothing to do otherwise.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text
}

/**
 * @param {string} id
 * @returns {HTMLElement} an element that index.html has
 */
export function byId(id) {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`index.html has no element ${id}`)
  return element
}

/**
 * Calls at most once per interval, the last call included.
 * @param {() => void} call
 * @param {number} intervalMs
 * @returns {() => void}
 */
export function throttle(call, intervalMs) {
  let waiting = false
  let again = false
  const run = () => {
    waiting = true
    again = false
    call()
    setTimeout(() => {
      waiting = false
      if (again) run()
    }, intervalMs)
  }
  return () => {
    if (waiting) again = true
    else run()
  }
}
