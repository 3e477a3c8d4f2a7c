/** Ids of data that can be watched. A client keeps them as text, some of them beyond the end of a session. */
import * as z from 'zod/mini';
import { SCOPES } from '../../emulator/presentation/scopes';

const int = z.number().check(z.int(), z.nonnegative());

const shown = z.union([
    z.object({ as: z.enum(['unsigned', 'signed', 'address', 'text', 'bytes']) }),
    z.object({ as: z.literal('bits'), shift: int, bits: int }),
]);

const schema = z.discriminatedUnion('of', [
    /** Physical memory. `everyWrite`: a write counts although the value stays the same. */
    z.object({
        of: z.literal('bytes'),
        name: z.string(),
        address: int,
        size: int,
        shown,
        everyWrite: z.optional(z.literal(true)),
    }),
    /** The ownership of page frames. */
    z.object({ of: z.literal('pages'), name: z.string(), pfn: int, count: int }),
    /** A row of a scope or of the result of an expression, by the keys of the items from the root down. */
    z.object({
        of: z.literal('row'),
        name: z.string(),
        root: z.union([z.object({ scope: z.enum(SCOPES) }), z.object({ expression: z.string() })]),
        path: z.array(z.string()),
        /** The frame that it depends on, … */
        frame: z.optional(z.object({ thread: int, index: int, born: int })),
        /** … or the thread of the process. */
        thread: z.optional(int),
    }),
]);

export type DataId = z.infer<typeof schema>;
export type Row = Extract<DataId, { of: 'row' }>;

export function dataIdText(id: DataId): string {
    return JSON.stringify(id);
}

/** Undefined: the text is not an id. */
export function parsedDataId(text: string): DataId | undefined {
    try {
        const found = schema.safeParse(JSON.parse(text));
        return found.success ? found.data : undefined;
    } catch (e) {
        if (e instanceof SyntaxError) {
            return undefined;
        }
        throw e;
    }
}

/** Whether it means the same data in another session of the scenario. */
export function canPersist(id: DataId): boolean {
    return id.of !== 'row' || (id.frame === undefined && id.thread === undefined);
}
