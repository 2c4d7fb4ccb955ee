/** A log whose topics and groups are shown under other names, so that tests with fixed names share one broker. */
import type { EventLog, FollowOptions, NewRecord } from '../../src/core/ports.ts'

/** @param prefix what the log's own names have before the names that the test uses */
export function renamedLog(log: EventLog, prefix: string, topics: readonly string[]): EventLog {
  const inside = (topic: string) => (topics.includes(topic) ? prefix + topic : topic)
  const outside = (topic: string) => (topic.startsWith(prefix) ? topic.slice(prefix.length) : topic)
  const recordsInside = (records: readonly NewRecord[]) =>
    records.map((record) => ({ ...record, topic: inside(record.topic) }))
  return {
    ...log,
    append: async (records) =>
      (await log.append(recordsInside(records))).map((position) => ({
        ...position,
        topic: outside(position.topic),
      })),
    follow: (options) => log.follow(followInside(options)),
    read: (topic, partition, from, to) => log.read(inside(topic), partition, from, to),
    exclusively: (name, partition, work) =>
      log.exclusively(prefix + name, partition, async (found) => {
        const { emit, state } = await work(found)
        return { emit: recordsInside(emit), state: recordsInside(state) }
      }),
    bounds: (topic) => log.bounds(inside(topic)),
  }

  function followInside(options: FollowOptions): FollowOptions {
    return {
      ...options,
      topic: inside(options.topic),
      group: options.group === null ? null : prefix + options.group,
      open(partition) {
        const processor = options.open(partition)
        return {
          ...processor,
          async process(batch) {
            const effects = await processor.process({ ...batch, topic: outside(batch.topic) })
            return { ...effects, emit: recordsInside(effects.emit), state: recordsInside(effects.state) }
          },
          ...(processor.conclude && {
            conclude: async (nextOffset: number) => {
              const effects = await processor.conclude!(nextOffset)
              return { ...effects, emit: recordsInside(effects.emit), state: recordsInside(effects.state) }
            },
          }),
        }
      },
    }
  }
}
