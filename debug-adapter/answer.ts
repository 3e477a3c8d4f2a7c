/** Answers to requests. */
import type * as z from 'zod/mini';

/** The body of a response, and an action after it is sent. */
export interface Answer {
    readonly body?: object | undefined;
    readonly after?: () => void;
}

/** Registers the handler of a request. It is called only with arguments that match the schema. */
export type Serve = <T>(command: string, schema: z.ZodMiniType<T>, handle: (args: T) => Answer) => void;
