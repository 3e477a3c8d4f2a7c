/** The user's settings, parsed; invalid values are ignored. */
import * as vscode from 'vscode';
import * as z from 'zod/mini';
import { SETTINGS_SECTION } from './contributions';

/** All settings except `trace.server`, which the language client reads itself. */
const settingsSchema = z.object({
    stopOnEntry: z.catch(z.boolean(), true),
    kernel: z.catch(z.string(), ''),
    codeLens: z.catch(z.boolean(), true),
    stopAtEnd: z.catch(z.enum(['failed', 'always', 'never']), 'failed'),
    history: z.catch(z.number(), 256),
});

export type Settings = z.infer<typeof settingsSchema>;

/** The settings for a resource. */
export function settings(resource?: vscode.Uri): Settings {
    const section = vscode.workspace.getConfiguration(SETTINGS_SECTION, resource);
    return settingsSchema.parse(
        Object.fromEntries(Object.keys(settingsSchema.shape).map((key) => [key, section.get(key)])),
    );
}
