/**
 * The people of a chaos run: they acknowledge one alert after the other over HTTP, and remember what was answered with
 * 202: each of these commands must be on the log, and an undisturbed engine must do with it what the disturbed one did.
 */
import type { Random } from '../../simulators/random.ts'

export interface People {
  /** Ids of the commands that were accepted. */
  readonly accepted: ReadonlySet<string>
  /** Asks for nothing more, and waits for the answer of now. */
  stop(): Promise<void>
}

const EVERY_MS = 300
const ANSWER_WITHIN_MS = 2000
const ACCEPTED = 202

/** @param url of the API, which comes and goes */
export function startPeople(url: string, random: Random): People {
  const accepted = new Set<string>()
  let isOver = false
  let wake: () => void = () => {}

  /** @returns id of the command; `null` when there is no alert, or no answer */
  async function acknowledgeOne(): Promise<string | null> {
    try {
      const alert = pick(await activeAlerts(url), random)
      return alert === undefined ? null : await acknowledge(url, alert)
    } catch {
      // Killed just now, or starting: what was not answered was not accepted.
      return null
    }
  }

  async function live(): Promise<void> {
    while (!isOver) {
      const id = await acknowledgeOne()
      if (id !== null) accepted.add(id)
      if (!isOver) {
        await new Promise<void>((resolve) => {
          wake = resolve
          setTimeout(resolve, EVERY_MS)
        })
      }
    }
  }

  const over = live()
  return {
    accepted,
    async stop() {
      isOver = true
      wake()
      await over
    },
  }
}

async function activeAlerts(url: string): Promise<readonly string[]> {
  const answer = await fetch(`${url}/api/v1/alerts?state=active`, {
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  })
  if (!answer.ok) return []
  const { items } = (await answer.json()) as { readonly items: readonly { readonly alert: string }[] }
  return items.map(({ alert }) => alert)
}

/** @returns id of the command, `null` when it was not accepted */
async function acknowledge(url: string, alert: string): Promise<string | null> {
  const answer = await fetch(`${url}/api/v1/alerts/${alert}/acknowledge`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ by: 'chaos' }),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  })
  if (answer.status !== ACCEPTED) return null
  return ((await answer.json()) as { readonly id: string }).id
}

function pick(alerts: readonly string[], random: Random): string | undefined {
  return alerts[random.below(Math.max(1, alerts.length))]
}
