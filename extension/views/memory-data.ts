/** What the view of physical memory draws, and the messages between it and the extension. */
import type { PageInfo } from '../../emulator/presentation/memory/page';
import type { Picture, Wanted } from '../../emulator/presentation/memory/picture';

/** A line of the history of a page. `source`: as the debug protocol has it. */
interface HistoryLine {
    readonly kernel: number;
    readonly text: string;
    readonly source?: object;
    readonly line?: number;
}

/** What is known of a page, as the request `lus/page` answers it. */
export interface PageShown extends Omit<PageInfo, 'history'> {
    readonly history: readonly HistoryLine[];
}

/** A page that the view asks about: the pointer rests on it, or the user has chosen it. */
export type Reason = 'hover' | 'chosen';

/** What is asked for: a picture at a resolution, or a page. */
export type Question =
    | { readonly type: 'picture'; readonly wanted: Wanted }
    | { readonly type: 'page'; readonly address: number; readonly reason: Reason };

/** From the extension. */
export type ToMemoryView =
    | { readonly type: 'picture'; readonly picture: Picture }
    | { readonly type: 'page'; readonly page: PageShown; readonly reason: Reason }
    /** The state that is shown is that of another stop now. */
    | { readonly type: 'stopped' }
    | { readonly type: 'choose'; readonly address: number }
    /** Chooses the page that the last finding with a code is about. */
    | { readonly type: 'finding'; readonly code: string }
    /** Why there is nothing to show. */
    | { readonly type: 'nothing'; readonly why: string }
    | { readonly type: 'svg' };

/** To the extension. */
export type FromMemoryView =
    | { readonly type: 'ready' }
    | Question
    /** Goes to the last or the next change of a page's owner. */
    | { readonly type: 'change'; readonly address: number; readonly next: boolean }
    | { readonly type: 'bytes'; readonly address: number }
    | { readonly type: 'source'; readonly source: object; readonly line: number }
    /** An address or an expression that the user has typed. */
    | { readonly type: 'find'; readonly text: string }
    | { readonly type: 'compare' }
    | { readonly type: 'svg'; readonly text: string };
