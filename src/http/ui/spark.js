/** The last scores of an asset as a small line; the height is always 0…1, so that rows can be compared. */
import { s } from './dom.js'

const WIDTH = 120
const HEIGHT = 28
const INSET = 3

/**
 * @typedef {object} Spark
 * @property {SVGElement} element
 * @property {(scores: readonly number[], above: number | null) => void} draw
 */

/** @returns {Spark} */
export function makeSpark() {
  const limit = s('line', { class: 'spark-limit', x1: 0, x2: WIDTH })
  const line = s('path', { class: 'spark-line' })
  const end = s('circle', { class: 'spark-end', r: 2.4 })
  const element = s(
    'svg',
    { class: 'spark', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    limit,
    line,
    end,
  )
  let drawn = ''
  return {
    element,
    draw(scores, above) {
      const path = pathOf(scores)
      if (drawn === path) return
      drawn = path
      line.setAttribute('d', path)
      const last = scores.at(-1)
      end.setAttribute('cx', String(WIDTH - INSET))
      end.setAttribute('cy', String(last === undefined ? -9 : y(last)))
      limit.setAttribute('y1', String(above === null ? -9 : y(above)))
      limit.setAttribute('y2', String(above === null ? -9 : y(above)))
    },
  }
}

/** @param {readonly number[]} scores oldest first; the newest is at the right end */
function pathOf(scores) {
  const step = (WIDTH - 2 * INSET) / 31
  const first = WIDTH - INSET - (scores.length - 1) * step
  return scores
    .map((score, i) => `${i === 0 ? 'M' : 'L'}${(first + i * step).toFixed(1)} ${y(score)}`)
    .join('')
}

/** @param {number} score */
function y(score) {
  return (INSET + (1 - score) * (HEIGHT - 2 * INSET)).toFixed(1)
}
