/** The view *Live Update*: sessions, their files with the stations they have passed, and FLBs, at the last stop. */
import * as vscode from 'vscode';
import * as z from 'zod/mini';
import { counted } from '../emulator/text/text';
import { DEBUG_TYPE, LIVE_UPDATE_VIEW } from './contributions';
import { openSource } from './session-at-hand';

const stationSchema = z.object({ name: z.string(), progress: z.enum(['done', 'running', 'failed', 'open']) });

const fileSchema = z.object({
    key: z.string(),
    token: z.string(),
    file: z.optional(z.string()),
    handler: z.string(),
    compatible: z.string(),
    stations: z.array(stationSchema),
    running: z.optional(z.string()),
    fields: z.array(z.object({ name: z.string(), value: z.string(), inFile: z.optional(z.string()) })),
    memoryReference: z.optional(z.string()),
    source: z.optional(z.object({ path: z.optional(z.string()), sourceReference: z.optional(z.number()) })),
    line: z.optional(z.number()),
});

const treeSchema = z.object({
    message: z.string(),
    unclaimed: z.number(),
    sessions: z.array(
        z.object({
            key: z.string(),
            name: z.string(),
            direction: z.enum(['outgoing', 'incoming']),
            state: z.string(),
            unclaimed: z.number(),
            files: z.array(fileSchema),
            more: z.number(),
        }),
    ),
    flbs: z.array(z.object({ key: z.string(), name: z.string(), outgoing: z.string(), incoming: z.string() })),
});

type Tree = z.infer<typeof treeSchema>;
type Session = Tree['sessions'][number];
type FileRow = z.infer<typeof fileSchema>;
type Flb = Tree['flbs'][number];

export type Row =
    | { readonly kind: 'session'; readonly session: Session }
    | { readonly kind: 'file'; readonly session: Session; readonly file: FileRow }
    | { readonly kind: 'more'; readonly session: Session }
    | { readonly kind: 'flb'; readonly flb: Flb };

const STATION_MARKS = { done: '', running: '▸', failed: '✗', open: '?' } as const;

/** `preserved · frozen → retrieved · finished?` */
function stationsText(stations: readonly z.infer<typeof stationSchema>[]): string {
    return stations
        .map(({ name, progress }, i) => {
            const text = progress === 'running' ? `▸ ${name}` : `${name}${STATION_MARKS[progress]}`;
            return i === 0 ? text : `${name === 'retrieved' ? ' → ' : ' · '}${text}`;
        })
        .join('');
}

/** The same for a screen reader. */
function stationsSpoken(stations: readonly z.infer<typeof stationSchema>[]): string {
    const words = { done: 'done', running: 'running', failed: 'failed', open: 'not yet' };
    return stations.map(({ name, progress }) => `${name}: ${words[progress]}`).join(', ');
}

function keyOf(row: Row): string {
    switch (row.kind) {
        case 'session':
            return row.session.key;
        case 'file':
            return row.file.key;
        case 'more':
            return `${row.session.key} more`;
        case 'flb':
            return row.flb.key;
    }
}

/** What a row says: when it differs from that at the previous stop, the row has changed. */
function contentOf(row: Row): string {
    switch (row.kind) {
        case 'session':
            return row.session.state;
        case 'file':
            return JSON.stringify(row.file);
        case 'more':
            return String(row.session.more);
        case 'flb':
            return JSON.stringify(row.flb);
    }
}

function rowsOf(tree: Tree): Row[] {
    return [
        ...tree.sessions.map((session): Row => ({ kind: 'session', session })),
        ...tree.flbs.map((flb): Row => ({ kind: 'flb', flb })),
    ];
}

function childrenOf(session: Session): Row[] {
    return [
        ...session.files.map((file): Row => ({ kind: 'file', session, file })),
        ...(session.more > 0 ? [{ kind: 'more' as const, session }] : []),
    ];
}

function allRows(tree: Tree): Row[] {
    return [...rowsOf(tree), ...tree.sessions.flatMap(childrenOf)];
}

export class LiveUpdateView implements vscode.TreeDataProvider<Row>, vscode.Disposable {
    private readonly changed = new vscode.EventEmitter<undefined>();
    readonly onDidChangeTreeData = this.changed.event;
    private readonly view: vscode.TreeView<Row>;
    private readonly subscriptions: vscode.Disposable[];
    private tree: Tree | undefined;
    /** The content of the rows at the previous stop, by key; undefined at the first stop. */
    private before: ReadonlyMap<string, string> | undefined;
    private onlyChanges = false;
    private session: vscode.DebugSession | undefined;

    constructor() {
        this.view = vscode.window.createTreeView(LIVE_UPDATE_VIEW, { treeDataProvider: this });
        this.subscriptions = [
            this.view,
            this.changed,
            vscode.debug.registerDebugAdapterTrackerFactory(DEBUG_TYPE, {
                createDebugAdapterTracker: (session) => ({
                    onDidSendMessage: (message: unknown) => {
                        if (isStop(message)) {
                            void this.refresh(session);
                        }
                    },
                }),
            }),
            vscode.debug.onDidTerminateDebugSession((session) => {
                if (session === this.session) {
                    this.clear();
                }
            }),
            this.view.onDidChangeVisibility(({ visible }) => {
                const session = vscode.debug.activeDebugSession;
                if (visible && session?.type === DEBUG_TYPE) {
                    void this.refresh(session);
                }
            }),
        ];
    }

    /** Shows all rows, or those that have changed since the previous stop. */
    setOnlyChanges(on: boolean): void {
        this.onlyChanges = on;
        void vscode.commands.executeCommand('setContext', 'lus.onlyChanges', on);
        this.changed.fire(undefined);
    }

    getTreeItem(row: Row): vscode.TreeItem {
        const item = new vscode.TreeItem(this.labelOf(row));
        item.id = keyOf(row);
        item.contextValue = row.kind;
        switch (row.kind) {
            case 'session': {
                const { session } = row;
                item.description =
                    session.unclaimed > 0 ? `${session.state}, ${session.unclaimed} unclaimed` : session.state;
                item.iconPath = new vscode.ThemeIcon(session.direction === 'outgoing' ? 'arrow-up' : 'arrow-down');
                item.collapsibleState = vscode.TreeItemCollapsibleState.Expanded;
                item.tooltip = `${session.direction === 'outgoing' ? 'Goes to the next kernel' : 'Comes from the previous kernel'}: ${item.description}`;
                item.accessibilityInformation = {
                    label: `${session.direction} session ${session.name}, ${item.description}`,
                };
                break;
            }
            case 'file': {
                const { file } = row;
                item.description = stationsText(file.stations);
                item.iconPath = new vscode.ThemeIcon(file.running === undefined ? 'file' : 'debug-stackframe');
                item.tooltip = tooltipOf(file, row.session.direction);
                item.accessibilityInformation = {
                    label: `token ${file.token}, ${file.file ?? file.handler}, ${stationsSpoken(file.stations)}`,
                };
                break;
            }
            case 'more':
                item.iconPath = new vscode.ThemeIcon('ellipsis');
                break;
            case 'flb':
                item.description = [
                    ...(row.flb.outgoing === '' ? [] : [`out ${row.flb.outgoing}`]),
                    ...(row.flb.incoming === '' ? [] : [`in ${row.flb.incoming}`]),
                ].join(', ');
                item.iconPath = new vscode.ThemeIcon('references');
                item.accessibilityInformation = { label: `FLB ${row.flb.name}, ${item.description}` };
                break;
        }
        return item;
    }

    getChildren(row?: Row): Row[] {
        if (!this.tree) {
            return [];
        }
        const rows = row === undefined ? rowsOf(this.tree) : row.kind === 'session' ? childrenOf(row.session) : [];
        return this.onlyChanges
            ? rows.filter(
                  (r) =>
                      this.hasChanged(r) ||
                      (r.kind === 'session' && childrenOf(r.session).some((c) => this.hasChanged(c))),
              )
            : rows;
    }

    dispose(): void {
        for (const s of this.subscriptions) {
            s.dispose();
        }
    }

    private labelOf(row: Row): vscode.TreeItemLabel {
        const label = labelText(row);
        // highlighted text is bold
        return this.hasChanged(row) ? { label, highlights: [[0, label.length]] } : { label };
    }

    private hasChanged(row: Row): boolean {
        return this.before !== undefined && this.before.get(keyOf(row)) !== contentOf(row);
    }

    /** At a stop; a view that is hidden asks for nothing. */
    private async refresh(session: vscode.DebugSession): Promise<void> {
        if (!this.view.visible) {
            this.before = undefined;
            return;
        }
        let answer: unknown;
        try {
            answer = await session.customRequest('lus/liveUpdate');
        } catch {
            // the run has gone on meanwhile
            return;
        }
        const tree = treeSchema.safeParse(answer);
        if (!tree.success) {
            return;
        }
        this.before =
            this.tree && this.session === session
                ? new Map(allRows(this.tree).map((row) => [keyOf(row), contentOf(row)]))
                : undefined;
        this.session = session;
        this.tree = tree.data;
        const { message, unclaimed } = tree.data;
        this.view.message = message;
        this.view.badge =
            unclaimed > 0
                ? {
                      value: unclaimed,
                      tooltip: `${unclaimed} preserved ${unclaimed === 1 ? 'file is' : 'files are'} not retrieved`,
                  }
                : undefined;
        this.changed.fire(undefined);
    }

    private clear(): void {
        this.tree = undefined;
        this.before = undefined;
        this.session = undefined;
        this.view.badge = undefined;
        this.view.message = '';
        this.changed.fire(undefined);
    }
}

function labelText(row: Row): string {
    switch (row.kind) {
        case 'session':
            return `"${row.session.name}"`;
        case 'file':
            return `${row.file.token} ${shortName(row.file)}`;
        case 'more':
            return row.session.files.length > 0 ? `${row.session.more} more` : counted(row.session.more, 'file');
        case 'flb':
            return row.flb.name;
    }
}

/** The file's name, as far as it helps: `guest-ram` for the kernel's `/memfd:guest-ram (deleted)`. */
function shortName({ file, compatible }: FileRow): string {
    const short = file?.replace(/^\/memfd:/, '').replace(/ \(deleted\)$/, '');
    // a retrieved memfd has no name
    return short === undefined || short === '/' ? compatible : short;
}

function tooltipOf(file: FileRow, direction: Session['direction']): vscode.MarkdownString {
    const text = new vscode.MarkdownString();
    text.appendMarkdown(`**token ${file.token}**  \n`);
    text.appendText(`${file.handler === '' ? '' : `handler ${file.handler}, `}compatible string "${file.compatible}"`);
    text.appendMarkdown(`\n\n${stationsSpoken(file.stations)}\n\n`);
    if (file.fields.length > 0) {
        text.appendMarkdown('Handed over, as the memory says now');
        const compared = file.fields.some((f) => f.inFile !== undefined);
        text.appendMarkdown(
            compared ? `, and ${direction === 'incoming' ? 'read back' : 'in the file'}:\n\n` : ':\n\n',
        );
        text.appendCodeblock(file.fields.map(fieldText).join('\n'), 'text');
    }
    return text;
}

/** `count = 42 = 42`, or `count = 42 ≠ 41` where the file has another value. */
function fieldText({ name, value, inFile }: FileRow['fields'][number]): string {
    return inFile === undefined ? `${name} = ${value}` : `${name} = ${value} ${inFile === value ? '=' : '≠'} ${inFile}`;
}

const stoppedSchema = z.object({ type: z.literal('event'), event: z.literal('stopped') });

function isStop(message: unknown): boolean {
    return stoppedSchema.safeParse(message).success;
}

/** Stops the next time that a callback of the row's handler is called. */
export function breakAtNextCallback(argument: unknown): void {
    const row = rowIn(argument);
    if (row?.kind !== 'file') {
        return;
    }
    const functionName = `${row.file.handler}.*`;
    const known = vscode.debug.breakpoints.some(
        (b) => b instanceof vscode.FunctionBreakpoint && b.functionName === functionName,
    );
    if (!known) {
        vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint(functionName)]);
    }
}

/** Opens the declaration of the row's handler. */
export async function goToHandler(argument: unknown): Promise<void> {
    const row = rowIn(argument);
    const session = vscode.debug.activeDebugSession;
    if (row?.kind !== 'file' || !session) {
        return;
    }
    const { source, line = 1 } = row.file;
    if (source) {
        await openSource(session, source, line);
    }
}

/** The words by which the events of the row's file are found. */
export function eventWords(argument: unknown): string {
    const row = rowIn(argument);
    return row?.kind === 'file' ? `callback ${row.file.handler}.` : row?.kind === 'session' ? row.session.name : '';
}

/** Rows come back as they were given to VS Code. */
function rowIn(argument: unknown): Row | undefined {
    return isRow(argument) ? argument : undefined;
}

function isRow(x: unknown): x is Row {
    return (
        typeof x === 'object' &&
        x !== null &&
        'kind' in x &&
        ['session', 'file', 'more', 'flb'].includes(String(x.kind))
    );
}
