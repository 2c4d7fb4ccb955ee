/**
 * Ways to break the order of the owner of a partition (`kafka-owner.ts`) that the simulation must notice, as a client
 * that does something else than it is asked:
 * - `no-fence`: each process has a transactional id of its own, so that who takes over shuts nobody out;
 * - `late-fence`: the position is read before the transactional id is taken over, not after it;
 * - `no-abort`: after an unclear error the producer goes on as it was, with what is pending (sequence numbers are not
 *   looked at then: the real code begins them anew when it believes to have a new epoch).
 */
import type { KafkaClient } from '../../../src/eventlog/kafka-client.ts'
import type { TransactionOf, WireBroker } from '../../../src/eventlog/kafka-protocol.ts'
import { isFenced } from '../fenced.ts'

export type ProtocolMutation = 'no-fence' | 'late-fence' | 'no-abort'

/** What the clients of one process share. */
export interface Mutant {
  readonly mutation: ProtocolMutation
  readonly process: number
  readonly group: string
  readonly topic: string
  /** Positions as they were before the fence, by partition. */
  readonly early: Map<number, ReturnType<WireBroker['offsetFetch']>>
}

export function mutate(client: KafkaClient, mutant: Mutant): KafkaClient {
  const opened: Opened = new Map()
  const change = (broker: WireBroker): Partial<WireBroker> => {
    if (mutant.mutation === 'no-fence') return unfenced(broker, mutant.process)
    if (mutant.mutation === 'late-fence') return lateFenced(broker, mutant)
    return unaborted(broker, opened)
  }
  return {
    ...client,
    async coordinator(type, id) {
      const broker = await client.coordinator(type, id)
      return { ...broker, ...change(broker) }
    },
  }
}

/** What InitProducerId answered, by transactional id. */
type Opened = Map<string, ReturnType<WireBroker['initProducerId']>>

/** Asks for an epoch once; again only where another owner has it. */
function unaborted(broker: WireBroker, opened: Opened): Partial<WireBroker> {
  const noting =
    <Request extends TransactionOf>(ask: (request: Request) => Promise<unknown>) =>
    async (request: Request) => {
      try {
        return await ask(request)
      } catch (error) {
        if (isFenced(error)) opened.delete(request.transactionalId)
        throw error
      }
    }
  return {
    initProducerId(request) {
      const id = request.transactionalId ?? ''
      const known = opened.get(id)
      if (known !== undefined) return known
      const asked = broker.initProducerId(request)
      opened.set(id, asked)
      asked.catch(() => opened.delete(id))
      return asked
    },
    addPartitionsToTxn: noting(broker.addPartitionsToTxn),
    addOffsetsToTxn: noting(broker.addOffsetsToTxn),
    endTxn: noting(broker.endTxn),
  }
}

function unfenced(broker: WireBroker, process: number): Partial<WireBroker> {
  const own = <Request extends TransactionOf>(request: Request): Request => ({
    ...request,
    transactionalId: `${request.transactionalId}@${process}`,
  })
  return {
    initProducerId: ({ transactionalId, transactionTimeout }) =>
      broker.initProducerId({ transactionalId: `${transactionalId}@${process}`, transactionTimeout }),
    addPartitionsToTxn: (request) => broker.addPartitionsToTxn(own(request)),
    addOffsetsToTxn: (request) => broker.addOffsetsToTxn(own(request)),
    endTxn: (request) => broker.endTxn(own(request)),
  }
}

function lateFenced(broker: WireBroker, { group, topic, early }: Mutant): Partial<WireBroker> {
  return {
    async initProducerId(request) {
      const partition = Number(request.transactionalId?.split('-').at(-1))
      const asked = broker.offsetFetch({ groupId: group, topics: [{ topic, partitions: [{ partition }] }] })
      await asked
      // Asked again because of the transaction before, it still has what it read first.
      if (!early.has(partition)) early.set(partition, asked)
      return broker.initProducerId(request)
    },
    offsetFetch(request) {
      const partition = request.topics[0]?.partitions[0]?.partition ?? -1
      const answer = early.get(partition) ?? broker.offsetFetch(request)
      early.delete(partition)
      return answer
    },
  }
}
