// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
import { createGenerator } from "ts-json-schema-generator";
import Ajv from "ajv";
import fs from "fs";
const generator = createGenerator({ path: process.argv[2], type: "Checked", tsconfig: process.argv[3], skipTypeCheck: true, additionalProperties: false, topRef: true });
const schema = generator.createSchema("Checked");
const ajv = new Ajv({ allErrors: true, strict: false });
const validate = ajv.compile(schema);
let bad = 0;
for (const file of process.argv.slice(4)) {
  const ok = validate(JSON.parse(fs.readFileSync(file, "utf8")));
  if (!ok) { bad = 1; for (const e of validate.errors.slice(0, 15)) console.log(`${file}: ${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`); }
  else console.log(`${file}: fits`);
}
process.exit(bad);
