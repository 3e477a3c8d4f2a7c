/** *Go to Event…*: a list of what has happened in a run so far, searched as one types. */
import * as vscode from 'vscode';
import * as z from 'zod/mini';
import { seconds } from './machine-time';

/** Rows that are shown at once: more are found by typing. */
const ROWS = 500;

const eventsSchema = z.object({
    total: z.number(),
    events: z.array(
        z.object({
            id: z.number(),
            kind: z.string(),
            time: z.number(),
            kernel: z.number(),
            who: z.string(),
            text: z.string(),
        }),
    ),
});

type Happened = z.infer<typeof eventsSchema>['events'][number];

interface EventItem extends vscode.QuickPickItem {
    /** Undefined: the row that says how many there are more. */
    readonly id: number | undefined;
}

const ICONS: Readonly<Record<string, string>> = {
    call: 'symbol-method',
    callback: 'symbol-event',
    finding: 'warning',
    log: 'output',
    phase: 'sync',
    fault: 'circuit-board',
};

function row({ id, kind, time, kernel, who, text }: Happened): EventItem {
    return {
        id,
        label: text,
        description: `${who}, kernel ${kernel}, ${seconds(time)}`,
        iconPath: new vscode.ThemeIcon(ICONS[kind] ?? 'circle-outline'),
        // the debug adapter has searched already
        alwaysShow: true,
    };
}

function rows({ events, total }: z.infer<typeof eventsSchema>): EventItem[] {
    const more = total - events.length;
    return [
        ...events.map(row),
        ...(more > 0 ? [{ id: undefined, label: `${more} more: type a word`, alwaysShow: true }] : []),
    ];
}

/** @param words the first search @returns the number of the event that the user picks; undefined: none */
export function pickEvent(session: vscode.DebugSession, words = ''): Promise<number | undefined> {
    const pick = vscode.window.createQuickPick<EventItem>();
    pick.title = 'Go to Event';
    pick.placeholder = 'Words that all occur: a call, a process, "finding", "callback", "kernel 2"';
    let wanted: string | undefined;
    // one request at a time: the debug adapter may have to execute the run again for an answer
    const search = async (filter: string): Promise<void> => {
        wanted = filter;
        if (pick.busy) {
            return;
        }
        pick.busy = true;
        try {
            while (wanted !== undefined) {
                const asked: string = wanted;
                wanted = undefined;
                const answer = await session.customRequest('lus/events', { filter: asked, count: ROWS });
                pick.items = rows(eventsSchema.parse(answer));
            }
        } catch (e) {
            pick.hide();
            void vscode.window.showErrorMessage(e instanceof Error ? e.message : String(e));
        } finally {
            pick.busy = false;
        }
    };
    return new Promise((resolve) => {
        pick.onDidChangeValue((value) => void search(value));
        pick.onDidAccept(() => {
            resolve(pick.selectedItems[0]?.id);
            pick.hide();
        });
        pick.onDidHide(() => {
            resolve(undefined);
            pick.dispose();
        });
        pick.value = words;
        pick.show();
        void search(words);
    });
}
