/** Alerts as a list of cards that stay the same elements while they are shown: a button must not go away under the pointer. */
import { makeAlertCard } from './alert-card.js'

/** @import {Alert} from '../../core/records.ts' */
/** @import {AlertCard} from './alert-card.js' */

/**
 * @param {HTMLElement} list
 * @param {(alert: Alert) => void} acknowledge
 * @param {Parameters<typeof makeAlertCard>[1]} [options]
 */
export function makeCardList(list, acknowledge, options) {
  /** @type {Map<string, AlertCard>} */
  const cards = new Map()
  return {
    /** @param {Alert[]} alerts in their order */
    show(alerts) {
      const ids = new Set(alerts.map(({ alert }) => alert))
      for (const [id, card] of cards) {
        if (ids.has(id)) continue
        card.element.remove()
        cards.delete(id)
      }
      alerts.forEach((alert, i) => {
        const card = cards.get(alert.alert) ?? makeAlertCard(acknowledge, options)
        cards.set(alert.alert, card)
        card.show(alert)
        const there = list.children[i]
        if (there !== card.element) list.insertBefore(card.element, there ?? null)
      })
    },
    /** @param {number} now */
    tick(now) {
      for (const card of cards.values()) card.tick(now)
    },
  }
}
