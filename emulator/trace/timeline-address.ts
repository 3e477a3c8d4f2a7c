/** Addresses of timelines, `lus-timeline:/Update Timeline: NAME?{"file":…}`: opening one runs its scenario. */

export const TIMELINE_SCHEME = 'lus-timeline';

/** A run. */
export interface RunChoice {
    /** Path or URI of the scenario file. */
    readonly file: string;
    readonly scenario: string;
    readonly kernel?: string | undefined;
    readonly seed?: number | undefined;
}

export function timelineAddress(choice: RunChoice): string {
    // the name of the document is what follows the last slash
    const title = `Update Timeline: ${choice.scenario.replaceAll('/', '∕')}`;
    return `${TIMELINE_SCHEME}:/${encodeURIComponent(title)}?${encodeURIComponent(JSON.stringify(choice))}`;
}
