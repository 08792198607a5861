// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
import type { Dashboard } from "@grafana/schema";
export type Checked = Dashboard;
