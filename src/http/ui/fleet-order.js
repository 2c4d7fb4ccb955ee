/**
 * The order of the fleet table. It changes at most every two seconds, and holds still while someone points
 * at the table or has the keyboard in it: a row must not run away under the hand.
 */
import { compareAssets } from './rank.js'

/** @import {AssetItem} from '../asset-item.ts' */
/** @import {SortKey} from './rank.js' */

const SORT_MS = 2000

/** @param {() => AssetItem[]} list assets to show, in no order */
export function makeFleetOrder(list) {
  /** @type {SortKey} */
  let key = 'risk'
  /** @type {AssetItem[]} */
  let sorted = []
  let sortedAt = 0
  return {
    held: false,
    get key() {
      return key
    },
    /** @param {SortKey} next */
    sortBy(next) {
      key = next
      sortedAt = 0
    },
    /** What is shown has changed by a filter: order it at once. */
    forget() {
      sortedAt = 0
    },
    /** @returns {readonly AssetItem[]} */
    take() {
      const now = Date.now()
      const items = list()
      const isSame = sortedAt !== 0 && items.length === sorted.length
      if (isSame && (this.held || now - sortedAt < SORT_MS)) return sorted
      sorted = items.sort(compareAssets(key))
      sortedAt = now
      return sorted
    },
  }
}
