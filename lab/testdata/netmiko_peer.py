"""Drives one simulated device with Netmiko and prints, as JSON, what Netmiko made of it."""
import json
import sys
import warnings

warnings.filterwarnings("ignore")
from netmiko import ConnectHandler  # noqa: E402

order = json.load(sys.stdin)
device = ConnectHandler(**order["device"])
report = {"prompt": device.find_prompt(), "outputs": {}}
if order["enable"]:
    device.enable()
    report["enabled"] = device.check_enable_mode()
for command in order["commands"]:
    report["outputs"][command] = device.send_command(command)
if order["config"]:
    report["config"] = device.send_config_set(order["config"])
    if order["commit"]:
        device.commit(and_quit=True)
    device.set_base_prompt()
    report["after"] = device.send_command(order["check"])
if order["save"]:
    report["saved"] = device.save_config()
device.disconnect()
json.dump(report, sys.stdout)
