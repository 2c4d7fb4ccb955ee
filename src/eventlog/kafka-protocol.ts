/**
 * The inner parts of kafkajs 2.2.4 that `kafka-wire.ts` makes, typed as far as they are used: kafkajs has types for its
 * outside only.
 */

/** A request as kafkajs sends it. */
export interface WireRequest<Answer> {
  readonly request: {
    readonly apiKey: number
    readonly apiVersion: number
    readonly apiName: string
    encode(): Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>
  }
  readonly response: {
    decode(bytes: Buffer): Promise<Answer>
    parse(answer: Answer): Promise<Answer>
  }
}

export interface WireConnection {
  rejectRequests(error: Error): void
  disconnect(): Promise<unknown>
}

/** Two connections to a broker: the second for fetches, so that a fetch that waits holds up nothing else. */
export interface WirePool {
  readonly host: string
  readonly port: number
  readonly rack: string | null
  send<Answer>(request: WireRequest<Answer>): Promise<Answer>
  map<Result>(change: (connection: WireConnection) => Result): Result[]
  setVersions(versions: unknown): void
  setSupportAuthenticationProtocol(supported: boolean): void
}

interface TopicPartitions {
  readonly topic: string
  readonly partitions: readonly number[]
}

/** A broker; offsets and ids are text, as they may have 64 bits. */
export interface WireBroker {
  readonly nodeId: number | string
  readonly connectionPool: WirePool
  readonly versions: unknown
  initProducerId(request: {
    readonly transactionalId?: string
    readonly transactionTimeout: number
  }): Promise<{ readonly producerId: string; readonly producerEpoch: number }>
  addPartitionsToTxn(
    request: TransactionOf & { readonly topics: readonly TopicPartitions[] },
  ): Promise<unknown>
  addOffsetsToTxn(request: TransactionOf & { readonly groupId: string }): Promise<unknown>
  txnOffsetCommit(
    request: TransactionOf & { readonly groupId: string; readonly topics: readonly TopicOffsets[] },
  ): Promise<unknown>
  endTxn(request: TransactionOf & { readonly transactionResult: boolean }): Promise<unknown>
  offsetFetch(request: {
    readonly groupId: string
    readonly topics: readonly {
      readonly topic: string
      readonly partitions: readonly { partition: number }[]
    }[]
  }): Promise<{ readonly responses: readonly TopicOffsets[] }>
  listOffsets(request: {
    readonly replicaId: -1
    /** 0: with what is undecided; 1: what is committed. */
    readonly isolationLevel: 0 | 1
    readonly topics: readonly {
      readonly topic: string
      readonly partitions: readonly { readonly partition: number; readonly timestamp: number }[]
    }[]
  }): Promise<{
    readonly responses: readonly {
      readonly topic: string
      readonly partitions: readonly { readonly partition: number; readonly offset: string }[]
    }[]
  }>
  joinGroup(request: {
    readonly groupId: string
    readonly memberId: string
    readonly sessionTimeout: number
    readonly rebalanceTimeout: number
    readonly groupProtocols: readonly { readonly name: string; readonly metadata: Buffer }[]
  }): Promise<JoinedGroup>
  syncGroup(request: {
    readonly groupId: string
    readonly generationId: number
    readonly memberId: string
    readonly groupAssignment: readonly { readonly memberId: string; readonly memberAssignment: Buffer }[]
  }): Promise<{ readonly memberAssignment: Buffer }>
  heartbeat(request: {
    readonly groupId: string
    readonly groupGenerationId: number
    readonly memberId: string
  }): Promise<unknown>
  leaveGroup(request: { readonly groupId: string; readonly memberId: string }): Promise<unknown>
  createTopics(request: { readonly topics: readonly NewTopic[]; readonly timeout: number }): Promise<unknown>
  findGroupCoordinator(request: {
    readonly groupId: string
    readonly coordinatorType: CoordinatorType
  }): Promise<{ readonly coordinator: { readonly nodeId: number } }>
  describeConfigs(request: {
    readonly resources: readonly { type: number; name: string; configNames: string[] }[]
  }): Promise<{
    readonly resources: readonly {
      readonly resourceName: string
      readonly configEntries: readonly { readonly configName: string; readonly configValue: string | null }[]
    }[]
  }>
  deleteRecords(request: {
    readonly topics: readonly {
      readonly topic: string
      readonly partitions: readonly { readonly partition: number; readonly offset: string }[]
    }[]
  }): Promise<unknown>
}

/** Who a transaction belongs to. */
export interface TransactionOf {
  readonly transactionalId: string
  readonly producerId: string
  readonly producerEpoch: number
}

export interface TopicOffsets {
  readonly topic: string
  readonly partitions: readonly {
    readonly partition: number
    readonly offset: string
    readonly metadata: string | null
  }[]
}

export interface JoinedGroup {
  readonly generationId: number
  readonly leaderId: string
  readonly memberId: string
  readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[]
}

export interface NewTopic {
  readonly topic: string
  readonly numPartitions: number
  readonly replicationFactor: number
  readonly configEntries: readonly { readonly name: string; readonly value: string }[]
}

/** Who coordinates a group, or the transactions of a transactional id. */
export type CoordinatorType = 0 | 1

/** Brokers, and topics as they are now, each with its error code. */
export interface Metadata {
  readonly brokers: readonly { readonly nodeId: number }[]
  readonly topicMetadata: readonly {
    readonly topic: string
    readonly topicErrorCode: number
    readonly partitionMetadata: readonly PartitionMetadata[]
  }[]
}

export interface PartitionMetadata {
  readonly partitionId: number
  readonly leader: number
}

export interface WireCluster {
  connect(): Promise<void>
  disconnect(): Promise<void>
  refreshMetadata(): Promise<void>
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>
  findBroker(request: { readonly nodeId: number | string }): Promise<WireBroker>
  findTopicPartitionMetadata(topic: string): readonly PartitionMetadata[]
  readonly brokerPool: { findConnectedBroker(): Promise<WireBroker> }
  readonly connectionPoolBuilder: {
    build(place: { host: string; port: number; rack: string | null }): Promise<WirePool>
  }
}

export interface ClusterOptions {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer } | null
  readonly sasl: { readonly mechanism: string; readonly username: string; readonly password: string } | null
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
}
