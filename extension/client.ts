/** The client of the language server, as the rest of the extension uses it. */
import type { BaseLanguageClient } from 'vscode-languageclient';

export type Client = Pick<BaseLanguageClient, 'start' | 'stop' | 'sendRequest' | 'sendNotification'>;

/** Calls `load` when activate() has returned: editors wait for that, and not for the language server. */
export async function afterActivation<T>(load: () => Promise<T>): Promise<T> {
    await new Promise((resolve) => setTimeout(resolve));
    return await load();
}
