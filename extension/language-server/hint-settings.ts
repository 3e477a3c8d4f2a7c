/** The settings `lus.inlayHints`: the server asks the editor for them. */
import * as z from 'zod/mini';

/** With the defaults of the manifest, for clients without settings. */
export const hintSettings = z.catch(
    z.object({ constants: z.catch(z.boolean(), true), arguments: z.catch(z.boolean(), false) }),
    { constants: true, arguments: false },
);
