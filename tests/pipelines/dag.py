"""Runs a DAG as `airflow dags test` does, and answers its questions as a person does in the browser, through Airflow's own API.

Usage: dag.py DAG STACK...: approves the plans of these stacks, rejects the others, and prints how each task ended.
"""

import os
import sys
import threading
import time

from airflow import settings
from airflow.api_fastapi.app import create_app
from airflow.dag_processing.dagbag import BundleDagBag
from fastapi.testclient import TestClient

name, approved = sys.argv[1], sys.argv[2:]


def person():
    runs = f"/api/v2/dags/{name}/dagRuns"
    with TestClient(create_app(apps="core")) as client:
        client.headers["Authorization"] = f"Bearer {client.get('/auth/token').json()['access_token']}"
        while True:
            asked = client.get(f"{runs}/~/hitlDetails", params={"response_received": False}).json()
            for question in asked["hitl_details"]:
                of = question["task_instance"]
                chosen = "Approve" if any(f" {stack}?" in question["subject"] for stack in approved) else "Reject"
                path = f"{runs}/{of['dag_run_id']}/taskInstances/{of['task_id']}/{of['map_index']}/hitlDetails"
                client.patch(path, json={"chosen_options": [chosen], "params_input": {}}).raise_for_status()
                print(f"asked: {question['subject']} {question['body']}", flush=True)
            time.sleep(1)


folder = settings.DAGS_FOLDER
dag = BundleDagBag(folder, bundle_path=folder, bundle_name="dags-folder").dags[name]
threading.Thread(target=person, daemon=True).start()
ended = dag.test()
for task in sorted(ended.get_task_instances(), key=lambda of: (of.task_id, of.map_index)):
    print(f"ended: {task.task_id}[{task.map_index}] {task.state} {task.try_number}", flush=True)
# The thread of the API would hold up the end.
os._exit(ended.state != "success")
