/** How requests are answered. */
import type * as z from 'zod/mini';

/** The body of a response, and what happens once it is sent. */
export interface Answer {
    readonly body?: object | undefined;
    readonly after?: () => void;
}

/** From now on requests of this name are answered so, once their arguments are what the schema says. */
export type Serve = <T>(command: string, schema: z.ZodMiniType<T>, handle: (args: T) => Answer) => void;
