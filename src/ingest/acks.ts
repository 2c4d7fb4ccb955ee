/**
 * The acknowledgements that a connection waits for. Runs of messages become durable in any order;
 * PUBACKs go out in the order of the PUBLISHes [MQTT-4.6.0-2].
 */

export interface Acks {
  /** @returns to be called once the run of these packet ids is durable */
  expect(ids: readonly number[]): () => void
  /** Runs that are not acknowledged yet. */
  pending(): number
}

/** @param send writes the PUBACKs of some ids */
export function makeAcks(send: (ids: readonly number[]) => void): Acks {
  const runs: { readonly ids: readonly number[]; durable: boolean }[] = []

  function flush(): void {
    const ids: number[] = []
    while (runs[0]?.durable) {
      for (const id of runs[0].ids) ids.push(id)
      runs.shift()
    }
    if (ids.length > 0) send(ids)
  }

  return {
    expect(ids) {
      const run = { ids, durable: false }
      runs.push(run)
      return () => {
        run.durable = true
        if (runs[0] === run) flush()
      }
    },
    pending: () => runs.length,
  }
}
